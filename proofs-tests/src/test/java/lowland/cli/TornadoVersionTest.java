package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Which TornadoVM the build takes, and what is said where another one is.
class TornadoVersionTest {
    private static final Path ROOT = Path.of(System.getProperty("basedir", "."), "..");

    @TempDir
    Path folder;

    /// An SDK of a version in a folder.
    static Path sdk(Path folder, String version) throws Exception {
        Path jars = Files.createDirectories(folder.resolve("share/java/tornado"));
        Files.writeString(jars.resolve("tornado-api-" + version + ".jar"), "");
        Files.writeString(folder.resolve("tornado-argfile"), "");
        return folder;
    }

    /// Maven's profiles cannot ask a property which version it is, nor can a script or a message.
    @ParameterizedTest
    @ValueSource(strings = {"accelerated/pom.xml", "transformer/pom.xml", "proofs-tests/pom.xml", "bench/pom.xml", "lowland", "README.md",
        "transformer/src/main/java/lowland/cli/Devices.java", "accelerated/tornado/src/main/java/lowland/tornado/TornadoProvider.java"})
    void everyPlaceNamesTheVersionOfTheBuild(String file) throws Exception {
        Matcher version = Pattern.compile("<tornado.version>(.*)</tornado.version>").matcher(Files.readString(ROOT.resolve("pom.xml")));
        assertTrue(version.find());
        Set<String> named = new TreeSet<>();
        Matcher names = Pattern.compile("\\d+\\.\\d+\\.\\d+-jdk\\d+").matcher(Files.readString(ROOT.resolve(file)));
        while (names.find()) {
            named.add(names.group());
        }
        assertEquals(Set.of(version.group(1)), named);
    }

    /// Its mere presence activates nothing: the jar that is compiled against does.
    @ParameterizedTest
    @ValueSource(strings = {"accelerated/pom.xml", "transformer/pom.xml", "proofs-tests/pom.xml", "bench/pom.xml"})
    void aProfileAsksForTheJar(String file) throws Exception {
        Matcher profile = Pattern.compile("<id>(tornado|tornado-home)</id>\\s*<activation>\\s*(.*?)\\s*</activation>", Pattern.DOTALL)
                .matcher(Files.readString(ROOT.resolve(file)));
        Map<String, String> places = Map.of("tornado", "${user.home}/.sdkman/candidates/tornadovm/current", "tornado-home", "${env.TORNADOVM_HOME}");
        Set<String> seen = new TreeSet<>();
        while (profile.find()) {
            assertTrue(profile.group(2).matches("(?s)<file>\\s*<exists>" + Pattern.quote(places.get(profile.group(1)))
                    + "/share/java/tornado/tornado-api-[^<]*\\.jar</exists>\\s*</file>"), profile.group());
            seen.add(profile.group(1));
        }
        assertEquals(places.keySet(), seen);
    }

    @Test
    void anotherVersionIsNamed() throws Exception {
        String install = ": install its SDK (sdk install tornadovm 5.2.0-jdk25-opencl), set TORNADOVM_HOME to it, and build again"
                + " (README, For owners of a GPU)";
        String plain = "TornadoVM's module is not part of this build";
        Path home = Files.createDirectories(folder.resolve("home"));
        Path other = sdk(folder.resolve("other"), "4.0.0-jdk21");
        assertEquals(plain + install, Devices.missing(Map.of(), home));
        assertEquals(plain + install, Devices.missing(Map.of("TORNADOVM_HOME", folder.toString()), home));
        assertEquals(plain + "; " + other + " is another version than 5.2.0-jdk25" + install,
                Devices.missing(Map.of("TORNADOVM_HOME", other.toString()), home));
        Path sdkman = sdk(home.resolve(".sdkman/candidates/tornadovm/current"), "4.0.0-jdk21");
        assertEquals(plain + "; " + sdkman + " is another version than 5.2.0-jdk25" + install, Devices.missing(Map.of(), home));
        sdk(other, "5.2.0-jdk25");
        sdk(sdkman, "5.2.0-jdk25");
        assertEquals(List.of(plain + install, plain + install),
                List.of(Devices.missing(Map.of(), home), Devices.missing(Map.of("TORNADOVM_HOME", other.toString()), home)));
    }
}
