package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import lowland.audit.Claims;
import lowland.audit.Finding;
import lowland.audit.Measured;
import lowland.report.AuditPage;
import lowland.report.Environment;
import lowland.rule.Broken;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class AuditCommandTest {
    @TempDir
    Path folder;

    @Test
    void aClaimALineWithItsVerdictAndNumbers() {
        Shell shell = Shell.run("audit", "--claims", "paper1-eq9,paper2-eq10,theorem1-conservation");
        assertEquals(0, shell.exit(), shell.err());
        assertTrue(shell.out().lines().anyMatch(line -> line.startsWith("paper1-eq9 ") && line.contains("P1 Eq. 9")
                && line.contains("false as printed") && line.matches(".*error \\S+ +bound \\S+")), shell.out());
        assertTrue(shell.out().contains("expected 0.5, found -0.5"), shell.out());
        assertTrue(shell.out().contains("paper2-eq10 ") && shell.out().contains("holds as corrected"), shell.out());
        assertTrue(shell.out().contains("3 claims: 1 hold, 1 hold as corrected, 1 are false as printed; 0 deviate. Seed 0"), shell.out());
    }

    @Test
    void aBeginningNamesSeveralAndAnExactNameOne() {
        assertTrue(Shell.run("audit", "--claims", "paper1-eq1").out().contains("1 claims"), "exact");
        String out = Shell.run("audit", "--claims", "theorem1").out();
        assertFalse(out.contains("theorem1-balance"), out);
        assertTrue(Shell.run("audit", "--claims", "prop").out().contains("2 claims"));
    }

    @Test
    void oneSeedGivesTheSameNumbers() {
        String one = Shell.run("audit", "--claims", "paper1-eq10", "--seed", "5").out();
        assertEquals(one.lines().findFirst(), Shell.run("audit", "--claims", "paper1-eq10", "--seed", "5").out().lines().findFirst());
        assertFalse(one.lines().findFirst().equals(Shell.run("audit", "--claims", "paper1-eq10", "--seed", "6").out().lines().findFirst()));
    }

    @Test
    void thePageSaysTheSame() throws Exception {
        Path page = folder.resolve("audit.html");
        assertEquals(0, Shell.run("audit", "--claims", "paper1-eq14,theorem2", "--html", page.toString()).exit());
        String html = Files.readString(page);
        for (String part : new String[] {"s·E_B·A = E_W·P_A", "false as printed", "expected 0.5099, found 0.05547", "Tightest inequality",
            "id=\"theorem2\"", "P_A = A⁺A"}) {
            assertTrue(html.contains(part), part);
        }
        assertFalse(html.contains("http://") || html.contains("https://") || html.contains("<script"), "needs nothing else");
    }

    /// Every claim is in one section of the page.
    @Test
    void thePageHasEveryClaim() {
        List<Finding> findings = Claims.all(() -> null, () -> null).stream()
                .map(claim -> new Finding(claim, new Measured("w", 0, 1), null, 1, null)).toList();
        String html = AuditPage.html(findings, "cpu", Environment.here(1), 0, 1);
        for (Finding finding : findings) {
            assertEquals(2, html.split("id=\"" + finding.claim().name() + "\"", -1).length, finding.claim().name());
        }
    }

    @Test
    void aBrokenRuleDeviates() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Streams streams = new Streams(new ByteArrayInputStream(new byte[0]), new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8), false);
        int exit = new CommandLine(new AuditCommand(streams, Broken.PERTURBATION_DROPPED)).execute("--claims", "paper1-eq14,paper1-eq10");
        String text = out.toString(StandardCharsets.UTF_8);
        assertEquals(1, exit, text);
        assertTrue(text.lines().anyMatch(line -> line.startsWith("paper1-eq14 ") && line.contains("DEVIATES")), text);
        assertTrue(text.contains("1 deviate"), text);
    }

    @Test
    void whatCannotBeIsRefusedBeforeAnythingRuns() {
        for (String unknown : new String[] {"paper9", "", "paper1-eq10,nothing", "PAPER1"}) {
            Shell shell = Shell.run("audit", "--claims", unknown);
            assertEquals(2, shell.exit(), shell.err());
            assertEquals(1, shell.errors().size(), shell.err());
            assertTrue(shell.err().contains("there is no claim") && shell.out().isEmpty(), shell.err());
        }
        for (String device : new String[] {"nothing", "tornado:x", "TORNADO"}) {
            Path unwritten = folder.resolve("unwritten.html");
            Shell absent = Shell.run("audit", "--device", device, "--html", unwritten.toString());
            assertEquals(2, absent.exit(), absent.err());
            assertEquals(List.of("lowland: --device " + device + " is unknown: use cpu, interpreter, tornado or tornado:k"), absent.errors());
            assertTrue(absent.out().isEmpty() && !Files.exists(unwritten), absent.out());
        }
        // With TornadoVM's module there is no such device, without it none at all.
        Path unwritten = folder.resolve("unwritten.html");
        Shell absent = Shell.run("audit", "--device", "tornado:99", "--html", unwritten.toString());
        assertEquals(2, absent.exit(), absent.err());
        assertEquals(1, absent.errors().size(), absent.err());
        assertTrue(absent.err().startsWith("lowland: --device tornado"), absent.err());
        assertTrue(absent.out().isEmpty() && !Files.exists(unwritten), absent.out());
        assertEquals(2, Shell.run("audit", "--seed", "x").exit());
        Path page = folder.resolve("no/such/folder/audit.html");
        Shell shell = Shell.run("audit", "--claims", "paper1-eq10", "--html", page.toString());
        assertEquals(1, shell.exit(), shell.err());
        assertTrue(shell.out().isEmpty() && shell.errors().size() == 1, shell.out() + shell.err());
        assertEquals(1, Shell.run("audit", "--claims", "paper1-eq10", "--html", folder.toString()).exit());
    }
}
