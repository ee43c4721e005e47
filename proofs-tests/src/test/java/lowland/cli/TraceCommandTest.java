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
            lora-nbar | L gB gA B A B A
            lora-sam | L gB gA F ε_B ε_A B+ε_B A+ε_A L gB gA B A
            fmlora   | L gB gA Ḡ ‖Ḡ‖ E_W E_B B̃ L gB gA B A
            efmlora  | B̃ L gB gA Ḡ ‖Ḡ‖ E_W E Ê B A
            bi-lora  | L gB1 gA1 gB2 gA2 B2 A2 c B2 A2 B1 A1
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
