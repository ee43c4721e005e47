package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceCommandTest {

    /// The letters of each step, in the paper's order.
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            lora     | L gB gA B A
            lora-plus | L gB gA B A
            lora-obar | L gB gA B A B A
            lora-nbar | L gB gA B A B A
            lora-sam | L gB gA F ε_B ε_A B+ε_B A+ε_A L gB gA B A
            fmlora   | L gB gA Ḡ ‖Ḡ‖ E_W E_B B̃ L gB gA B A
            efmlora  | B̃ L gB gA Ḡ ‖Ḡ‖ E_W E Ê B A
            bi-lora  | L gB1 gA1 gB2 gA2 B1 A1 B2 A2 c B2 A2
            flat-lora | ε L gB gA B A
            full-sam | L gB gA G ε L gB gA B A
            """)
    void thePapersOrder(String method, String letters) {
        Shell shell = Shell.run("trace", "--method", method, "--steps", "2");
        assertEquals(0, shell.exit(), shell.err());
        List<String> found = new ArrayList<>();
        boolean second = false;
        for (String line : shell.out().lines().toList()) {
            second |= line.equals("step 2");
            if (second && line.contains(" = ")) {
                found.add(line.substring(0, line.indexOf(" = ")).replace(" ", ""));
            }
        }
        assertEquals(List.of(letters.split(" ")), found);
    }

    /// By hand: G = W0 + 2BA − T = (−½ −¾ ¾; −1 −2½ −½), gB = 2·G·Aᵀ = (−2½; −4), gA = 2·Bᵀ·G = (¾ 2⅛ ⅞).
    @Test
    void theFirstGradientIsTheOneByHand() {
        String out = Shell.run("trace", "--method", "lora", "--steps", "1").out();
        assertTrue(out.contains("gB        = (-2.5; -4)"), out);
        assertTrue(out.contains("gA        = (0.75 2.125 0.875)"), out);
        assertTrue(out.contains("B         = (0.5; -0.1)"), out);
    }

    /// LoRA+ steps B sixteen times as far: (¼; −½) + 1.6·(2½; 4).
    @Test
    void theRateOfLoraPlusStands() {
        String out = Shell.run("trace", "--method", "lora-plus", "--steps", "1").out();
        assertTrue(out.lines().anyMatch(line -> line.matches("  B +=\\s+\\(4\\.25; 5\\.9\\) +B − 16·η·gB")), out);
        assertTrue(out.lines().anyMatch(line -> line.matches("  A +=.*A − η·gA")), out);
    }

    /// By hand, with ‖A‖² = 3/2, ‖B‖² = 5/16 and ρ = 1:
    ///
    ///     (1/s)·gB·(Aᵀ)⁺ = gB·A/3 = (−5/6 −5/12 5/12; −4/3 −2/3 2/3)
    ///     (1/s)·(Bᵀ)⁺·gA = 8/5·B·gA = (0.3 0.85 0.35; −0.6 −1.7 −0.7)
    ///     Ḡ  = half their sum = (−16 13 23; −58 −71 −1)/60        ‖Ḡ‖² = 9360/3600 = 2.6
    ///     E_W = Ḡ/√2.6        E = E_W·Aᵀ/3 = (−0.35; −1.55)/(3·√2.6)        Ê = 0.9·E
    @Test
    void theFirstStepsOfEfmLoraAreThoseByHand() {
        List<String> lines = Shell.run("trace", "--method", "efmlora", "--steps", "2", "--rho", "1").out().lines().toList();
        List<String> first = lines.subList(lines.indexOf("step 1"), lines.indexOf("step 2"));
        List<String> expected = List.of("B̃ = (0.25; -0.5)", "L = 4.4375", "gB = (-2.5; -4)", "gA = (0.75 2.125 0.875)",
                "Ḡ = (-0.26667 0.21667 0.38333; -0.96667 -1.18333 -0.01667)", "‖Ḡ‖ = 1.61245",
                "E_W = (-0.16538 0.13437 0.23773; -0.5995 -0.73387 -0.01034)", "E = (-0.07235; -0.32042)", "Ê = (-0.06512; -0.28838)",
                "B = (0.5; -0.1)", "A = (0.925 0.2875 -0.5875)");
        List<String> found = first.stream().filter(line -> line.contains(" = "))
                .map(line -> line.strip().replaceFirst(" +=", " =").replaceFirst("   .*", "")).toList();
        assertEquals(expected, found);
        // The next gradient is taken at B + Ê.
        assertTrue(lines.get(lines.indexOf("step 2") + 1).contains("= (0.43488; -0.38838)"), lines.get(lines.indexOf("step 2") + 1));
    }

    /// Of methods that train no plain pair.
    @ParameterizedTest
    @ValueSource(strings = {"full", "dora", "pissa", "lora-ga", "adapter-pfeiffer"})
    void whatHasNoTrace(String method) {
        Shell shell = Shell.run("trace", "--method", method);
        assertEquals(2, shell.exit(), shell.err());
        assertEquals(1, shell.errors().size(), shell.err());
        assertTrue(shell.err().contains("--method " + method + " has no trace") && shell.out().isEmpty(), shell.err());
    }

    /// α = ¼·(1 − ½) at the second of two steps: B, the shorter, grows by 1 + αη = 1.0125.
    @Test
    void theStrengthOfABalanceFallsOverTheRun() {
        List<String> lines = Shell.run("trace", "--method", "lora-obar", "--steps", "2").out().lines().toList();
        List<String> b = lines.subList(lines.indexOf("step 2"), lines.size()).stream().filter(line -> line.startsWith("  B  ")).toList();
        List<String> before = lines.stream().filter(line -> line.startsWith("  B  ")).toList();
        double balanced = first(b.getFirst());
        double old = first(before.get(2));
        assertEquals(1.0125, balanced / old, 1e-4);
    }

    private static double first(String line) {
        return Double.parseDouble(line.substring(line.indexOf('(') + 1, line.indexOf(';')));
    }

    @ParameterizedTest
    @ValueSource(strings = {"--method nothing", "--method efmlora --steps 0", "--method efmlora --steps 1001", "--method fmlora --rho -1",
        "--method fmlora --rho NaN", "--method lora --learning-rate Infinity", "--steps 3"})
    void wrong(String options) {
        List<String> args = new ArrayList<>(List.of("trace"));
        args.addAll(List.of(options.split(" ")));
        Shell shell = Shell.run(args.toArray(String[]::new));
        assertEquals(2, shell.exit(), shell.err());
        assertEquals(1, shell.errors().size(), shell.err());
        assertTrue(shell.out().isEmpty(), shell.out());
    }
}
