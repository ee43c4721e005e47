package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The script `lowland`, copied into a folder that looks like a built checkout, so that nothing is built. Most tests run it with JDKs that
/// are shell scripts and tell how they were called, one with the JDK of the tests.
class LauncherTest {
    private static final String BASH = "/bin/bash";

    /// What a script says and how it ends.
    private record Ended(int exit, String out, String err) {}

    @TempDir
    Path folder;
    private Path home;
    private Path script;
    private final Map<String, String> environment = new LinkedHashMap<>();

    @BeforeEach
    void builtHome() throws Exception {
        assumeTrue(Files.isExecutable(Path.of(BASH)), "no " + BASH + " here: the launcher cannot be run");
        home = Files.createDirectories(folder.resolve("a home"));
        script = Files.copy(Path.of(System.getProperty("basedir", "."), "..", "lowland"), home.resolve("lowland"));
        assertTrue(script.toFile().setExecutable(true));
        for (String module : List.of(".", "reference", "accelerated", "accelerated/step", "accelerated/cpu", "transformer")) {
            Files.createDirectories(home.resolve(module).resolve("src/main"));
            old(Files.writeString(home.resolve(module).resolve("pom.xml"), ""));
        }
        Files.createDirectories(home.resolve("transformer/target/lib"));
        jar();
        environment.put("PATH", path("mvn")); // a Maven that is called is a failure
        environment.put("HOME", folder.toString());
    }

    /// A file from before the build.
    private static void old(Path file) throws IOException {
        Files.setLastModifiedTime(file, FileTime.fromMillis(0));
    }

    /// A jar of no classes that names the class path of the tests.
    private void jar() throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        String[] entries = System.getProperty("java.class.path").split(File.pathSeparator);
        manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, Arrays.stream(entries)
                .map(entry -> Path.of(entry).toUri().toString()).collect(Collectors.joining(" ")));
        try (OutputStream file = Files.newOutputStream(home.resolve("transformer/target/transformer-0.1.0.jar"))) {
            new JarOutputStream(file, manifest).close();
        }
    }

    /// The usual path, with commands before it that only say their names and fail.
    private String path(String... broken) throws IOException {
        Path before = Files.createDirectories(folder.resolve("before"));
        for (String name : broken) {
            executable(before.resolve(name), "#!" + BASH + "\necho \"" + name + " was called\" >&2\nexit 99\n");
        }
        return before + File.pathSeparator + "/usr/bin" + File.pathSeparator + "/bin";
    }

    private static void executable(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        assertTrue(file.toFile().setExecutable(true));
    }

    /// A JDK of some version whose `java` tells its name, its arguments and that it was heard on both streams, and ends with 7.
    private Path jdk(String name, String version) throws IOException {
        Path jdk = folder.resolve(name);
        executable(jdk.resolve("bin/java"), "#!" + BASH + "\necho \"java of " + name + "\"\nprintf '<%s>\\n' \"$@\"\n"
                + "echo 'WARNING: Using incubator modules: jdk.incubator.vector' >&2\necho 'trouble of java' >&2\nexit 7\n");
        executable(jdk.resolve("bin/javac"), "#!" + BASH + "\n");
        Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"Some\"\nJAVA_VERSION=\"" + version + "\"\nOS_NAME=\"Linux\"\n");
        return jdk;
    }

    private Ended run(Path lowland, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(BASH, lowland.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Path out = folder.resolve("out.txt");
        Path err = folder.resolve("err.txt");
        Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        process.getOutputStream().close();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        // The filter of standard error may end a moment after the script.
        String said = Files.readString(err);
        for (int i = 0; i < 50 && said.isEmpty() && process.exitValue() != 0; i++) {
            Thread.sleep(20);
            said = Files.readString(err);
        }
        return new Ended(process.exitValue(), Files.readString(out, StandardCharsets.UTF_8), said);
    }

    @Test
    void argumentsAndExitCodePassThrough() throws Exception {
        environment.put("JAVA_HOME", jdk("jdk-25", "25.0.1").toString());
        Ended ended = run(script, "train", "--task", "my table.tsv", "", "*", "a\"b", "--x=$HOME");
        assertEquals(7, ended.exit(), ended.err());
        String arguments = ended.out().substring(ended.out().indexOf("<lowland.cli.Main>"));
        assertEquals(List.of("<lowland.cli.Main>", "<train>", "<--task>", "<my table.tsv>", "<>", "<*>", "<a\"b>", "<--x=$HOME>"),
                arguments.lines().toList());
        assertTrue(ended.out().contains("<--add-modules=jdk.incubator.vector>"), ended.out());
        assertTrue(ended.out().contains("<-Dlowland.stderr=3>"), "a bar is drawn where the filter does not hold it up");
        assertEquals("trouble of java\n", ended.err(), "the warning is left out, and nothing else");
    }

    @Test
    void optionsOfTheVirtualMachineComeBeforeTheClass() throws Exception {
        environment.put("JAVA_HOME", jdk("jdk-25", "25").toString());
        assertTrue(run(script, "train").out().contains("<-XX:+UseG1GC>\n<-XX:G1HeapRegionSize=1m>"));
        environment.put("LOWLAND_JAVA_OPTIONS", "-Xmx1g  -XX:+UseSerialGC"); // two collectors are an error
        assertFalse(run(script, "train").out().contains("G1"));
        environment.put("LOWLAND_JAVA_OPTIONS", "-XX:+UseNUMA -Xlog:gc -Dx=GC");
        assertTrue(run(script, "train").out().contains("<-XX:+UseG1GC>"), "none of these is a collector");
        Path pages = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
        assertEquals(Files.exists(pages) && Files.readString(pages).contains("[madvise]"),
                run(script, "train").out().contains("<-XX:+UseTransparentHugePages>"));
        environment.put("LOWLAND_JAVA_OPTIONS", "-Xmx1g  -Dx=y");
        List<String> lines = run(script, "--version").out().lines().toList();
        int main = lines.indexOf("<lowland.cli.Main>");
        assertTrue(main > 0 && lines.indexOf("<-Xmx1g>") > 0 && lines.indexOf("<-Xmx1g>") < main, lines.toString());
        assertTrue(lines.indexOf("<-Dx=y>") > 0 && lines.indexOf("<-Dx=y>") < main, lines.toString());
        assertEquals(List.of("<lowland.cli.Main>", "<--version>"), lines.subList(main, lines.size()));
    }

    /// TornadoVM's options come where the command line asks for it and an SDK has the version that the build takes: first TORNADOVM_HOME's.
    @Test
    void tornadoVmOfTheRightVersionIsFound() throws Exception {
        environment.put("JAVA_HOME", jdk("jdk-25", "25").toString());
        Files.writeString(home.resolve("transformer/target/lib/tornado-0.1.0.jar"), "");
        Path sdkman = TornadoVersionTest.sdk(folder.resolve(".sdkman/candidates/tornadovm/current"), "4.0.0-jdk21");
        environment.put("TORNADOVM_HOME", TornadoVersionTest.sdk(folder.resolve("sdk"), "4.0.0-jdk21").toString());
        assertFalse(run(script, "devices").out().contains("tornado-argfile"));
        TornadoVersionTest.sdk(sdkman, "5.2.0-jdk25");
        assertTrue(run(script, "devices").out().contains("<@" + sdkman + "/tornado-argfile>"));
        TornadoVersionTest.sdk(folder.resolve("sdk"), "5.2.0-jdk25");
        assertTrue(run(script, "train", "--device=tornado:1").out().contains("<@" + folder.resolve("sdk") + "/tornado-argfile>"));
        assertFalse(run(script, "train", "--device", "cpu").out().contains("tornado-argfile"));
    }

    @Test
    void aNewEnoughJdkIsFound() throws Exception {
        Path older = jdk("jdk-21", "21.0.4");
        environment.put("PATH", jdk("jdk-26", "26-ea").resolve("bin") + File.pathSeparator + environment.get("PATH"));
        environment.put("JAVA_HOME", older.toString());
        assertTrue(run(script).out().startsWith("java of jdk-26\n"), "JAVA_HOME is too old, the PATH's is not");
        environment.put("JAVA_HOME", jdk("jdk-25", "25").toString());
        assertTrue(run(script).out().startsWith("java of jdk-25\n"), "JAVA_HOME comes first");
        Path links = Files.createDirectories(folder.resolve("links"));
        Files.createSymbolicLink(links.resolve("java"), jdk("jdk-27", "27").resolve("bin/java"));
        environment.remove("JAVA_HOME");
        environment.put("PATH", links + File.pathSeparator + path("mvn"));
        assertTrue(run(script).out().startsWith("java of jdk-27\n"), "the PATH's java is a link");
    }

    @Test
    void aJdkInTheHomeFolderIsFound() throws Exception {
        Path hidden = folder.resolve("user/.jdks/jdk-25");
        executable(hidden.resolve("bin/java"), "#!" + BASH + "\necho found\n");
        executable(hidden.resolve("bin/javac"), "#!" + BASH + "\n");
        Files.writeString(hidden.resolve("release"), "JAVA_VERSION=\"25\"\n");
        environment.put("HOME", folder.resolve("user").toString());
        environment.put("JAVA_HOME", jdk("jdk-17", "17").toString());
        environment.put("PATH", folder.resolve("jdk-17/bin") + File.pathSeparator + environment.get("PATH"));
        Ended ended = run(script);
        // Machines with a JDK 25 in /usr/lib/jvm take that one first; it cannot be hidden.
        assertTrue(ended.out().equals("found\n") || ended.out().contains("Usage: lowland") || ended.err().contains("Usage: lowland"),
                ended.toString());
    }

    @Test
    void aLinkToTheScriptIsFollowed() throws Exception {
        environment.put("JAVA_HOME", jdk("jdk-25", "25").toString());
        Path link = Files.createSymbolicLink(folder.resolve("lowland-link"), Path.of("a home", "lowland"));
        Ended ended = run(link, "x");
        assertEquals(7, ended.exit(), ended.err());
        assertTrue(ended.out().contains(home.toRealPath() + "/transformer/target/transformer-0.1.0.jar"), ended.out());
    }

    /// Maven is called where a source is newer than the jar, and only there; when it fails, so does the script.
    @Test
    void whatIsBuiltIsNotBuiltAgain() throws Exception {
        environment.put("JAVA_HOME", jdk("jdk-25", "25").toString());
        Ended built = run(script);
        assertFalse(built.err().contains("building"), built.err());
        Path source = Files.writeString(home.resolve("accelerated/cpu/src/main/Newer.java"), "");
        Files.setLastModifiedTime(source, FileTime.fromMillis(System.currentTimeMillis() + 10_000));
        Ended changed = run(script);
        assertEquals(1, changed.exit(), changed.err());
        assertTrue(changed.err().contains("lowland: building") && changed.err().contains("lowland: the build failed"), changed.err());
        assertEquals("", changed.out(), "standard output is for results");
        assertFalse(Files.exists(home.resolve("transformer/target/.building")), "the lock was left");
    }

    @Test
    void theRealCommandLineAnswers() throws Exception {
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        Ended version = run(script, "--version");
        assertEquals(0, version.exit(), version.err());
        assertTrue(version.out().startsWith("lowland "), version.out());
        assertEquals("", version.err());
        Ended wrong = run(script, "tran");
        assertEquals(2, wrong.exit(), wrong.err());
        assertTrue(wrong.err().startsWith("lowland: tran ") && wrong.err().lines().count() == 1, wrong.err());
        assertEquals("", wrong.out());
    }
}
