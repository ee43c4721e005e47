package lowland.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/// Every option says its default, and the defaults are those that are promised.
class HelpTest {
    private static final List<String> COMMANDS = List.of("demo", "train", "evaluate", "predict", "merge", "reproduce", "audit", "trace");

    private static String described(OptionSpec option) {
        return String.join(" ", option.description());
    }

    @Test
    void everyOptionStatesItsDefault() {
        CommandLine all = Main.commands(new Streams(System.in, System.out, System.err, false));
        for (String command : COMMANDS) {
            assertEquals(0, Shell.run(command, "--help").exit());
            for (OptionSpec option : all.getSubcommands().get(command).getCommandSpec().options()) {
                if (!option.usageHelp() && !option.hidden()) {
                    assertTrue(described(option).contains("efault"), option.longestName() + ": " + described(option));
                }
            }
        }
    }

    /// Options of the same name mean what they mean in their command.
    @Test
    void measuringDoesNotSpeakOfTraining() {
        String help = Shell.run("evaluate", "--help").out();
        assertFalse(help.contains("best epoch") || help.contains("every row trains") || help.contains("at the end"), help);
        assertTrue(help.contains("What --split test measures"), help);
    }

    @Test
    void nothingIsTooWide() {
        for (String command : COMMANDS) {
            for (String line : Shell.run(command, "--help").out().lines().toList()) {
                assertTrue(line.length() <= 110, line);
            }
        }
    }

    @Test
    void everyDefaultOfTrainingHasASource() {
        CommandLine all = Main.commands(new Streams(System.in, System.out, System.err, false));
        List<String> plain = List.of("Default: off.", "Default: not used.", "Default: none; built-in");
        for (OptionSpec option : all.getSubcommands().get("train").getCommandSpec().options()) {
            String text = described(option);
            boolean sourced = text.matches(".*efault: .*\\(.+\\).*") || text.contains("No default")
                    || plain.stream().anyMatch(text::contains);
            assertTrue(option.usageHelp() || option.hidden() || sourced, option.longestName() + ": " + text);
        }
    }

    @Test
    void theDefaultsAreThosePromised() {
        CommandLine all = Main.commands(new Streams(System.in, System.out, System.err, false));
        Map<String, String> promised = new LinkedHashMap<>();
        promised.put("--rank", "8");
        promised.put("--alpha", "16");
        promised.put("--scaling", "standard");
        promised.put("--targets", "query,value");
        promised.put("--lora-dropout", "0");
        promised.put("--rho", "lora-sam 0.01, bi-lora 0.05");
        promised.put("--rho-schedule", "constant");
        promised.put("--rho-final", "0.2*rho");
        promised.put("--perturb", "b");
        promised.put("--estimate", "mean");
        promised.put("--ema", "0.9");
        promised.put("--ema-start", "zero");
        promised.put("--auxiliary-rank", "8");
        promised.put("--auxiliary-optimizer", "adamw");
        promised.put("--optimizer", "adamw");
        promised.put("--learning-rate", "5e-4");
        promised.put("--weight-decay", "0");
        promised.put("--beta1", "0.9");
        promised.put("--beta2", "0.999");
        promised.put("--adam-epsilon", "1e-8");
        promised.put("--schedule", "linear");
        promised.put("--warmup", "0.06");
        promised.put("--clip-norm", "1");
        promised.put("--batch-size", "32");
        promised.put("--epochs", "3");
        promised.put("--order", "shuffled");
        promised.put("--seed", "0");
        promised.put("--device", "cpu");
        promised.forEach((name, value) -> {
            OptionSpec option = all.getSubcommands().get("train").getCommandSpec().findOption(name);
            assertTrue(described(option).contains("Default: " + value), name + ": " + described(option));
        });
    }
}
