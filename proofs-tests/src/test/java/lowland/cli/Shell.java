package lowland.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// The command line in this process, its streams captured.
record Shell(int exit, String out, String err) {
    static Shell run(String... args) {
        return with("", args);
    }

    static Shell with(String input, String... args) {
        InputStream in = new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exit = Main.run(args, in, new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8),
                false);
        return new Shell(exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /// Lines that begin with the program's name: errors.
    List<String> errors() {
        List<String> errors = new ArrayList<>();
        for (String line : err.lines().toList()) {
            if (line.startsWith("lowland: ")) {
                errors.add(line);
            }
        }
        return errors;
    }
}
