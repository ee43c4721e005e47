package lowland;

import java.io.IOException;
import java.io.Serial;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// What a user is told when something cannot be done: one line that says what is wrong, where (file, tensor, line,
/// option), and what to do about it. The command line prints the line and leaves with [#exitCode()].
///
/// Exit code 1: files or run time. Exit code 2: wrong from the command line alone.
public final class Failure extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;
    private static final int LONGEST = 1000;

    private final int exitCode;

    private Failure(int exitCode, String message, Throwable cause) {
        super(oneLine(message), cause);
        this.exitCode = exitCode;
    }

    /// A failure of files or of the run (exit code 1).
    public static Failure of(String message) {
        return new Failure(1, message, null);
    }

    /// A failure of files or of the run (exit code 1), with the exception that `--debug` shows.
    public static Failure of(String message, Throwable cause) {
        return new Failure(1, message, cause);
    }

    /// A file that could not be read, with the operating system's reason in plain words (exit code 1).
    public static Failure reading(Path file, IOException cause) {
        return of("cannot read " + file + ": " + reason(cause) + "; check the path and its permissions", cause);
    }

    /// A command line that cannot work, whatever the files hold (exit code 2).
    public static Failure usage(String message) {
        return new Failure(2, message, null);
    }

    /// What the process exits with.
    public int exitCode() {
        return exitCode;
    }

    /// The reason of an input or output error in words; the JDK's own message is often only the file's name.
    public static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException _ -> "no such file or folder";
            case AccessDeniedException _ -> "permission denied";
            case FileSystemException f when f.getReason() != null -> f.getReason();
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    }

    /// Names out of hostile files end up in messages: no line breaks, no terminal controls, no endless text.
    private static String oneLine(String message) {
        String clean = message.replaceAll("[\\p{Cntrl}\\u2028\\u2029\\p{Cf}]+", " ");
        return clean.length() <= LONGEST ? clean : clean.substring(0, LONGEST) + "…";
    }
}
