package lowland.tornado;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A class in a virtual machine of its own, started as the tests' was, with more options and another environment: for what TornadoVM
/// reads once, when it is loaded.
record Child(int exit, String out, String err) {
    static Child run(Path folder, Map<String, String> environment, List<String> options, Class<?> main,
            String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.add("-Xmx2g");
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        Path out = folder.resolve("out.txt");
        Path err = folder.resolve("err.txt");
        // TornadoVM writes logs of kernels to its home, or to "null" where it is.
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile()).redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly().waitFor();
        }
        return new Child(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    /// Lines that begin with the program's name: errors.
    List<String> errors() {
        return err.lines().filter(line -> line.startsWith("lowland: ")).toList();
    }
}
