package lowland.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import lowland.Failure;
import picocli.CommandLine.Option;

/// Options whose names are fixed and whose function is still to come: each is refused by name, none is ignored.
final class Later {
    private final Map<String, String> given = new LinkedHashMap<>();

    @Option(names = "--resume", hidden = true)
    void resume(String run) {
        given.put("--resume", "resuming is not there yet; start again with --init-adapter RUN/adapter");
    }

    @Option(names = "--quantize", hidden = true)
    void quantize(String form) {
        given.put("--quantize", "quantised models are not there yet; leave it out");
    }

    @Option(names = "--prompt", hidden = true)
    void prompt(String column) {
        given.put("--prompt", "causal models are not there yet; give --text");
    }

    @Option(names = "--completion", hidden = true)
    void completion(String column) {
        given.put("--completion", "causal models are not there yet; give --label");
    }

    void check() {
        given.forEach((option, reason) -> {
            throw Failure.usage(option + ": " + reason);
        });
    }
}
