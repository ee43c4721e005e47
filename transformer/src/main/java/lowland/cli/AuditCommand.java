package lowland.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import lowland.Failure;
import lowland.audit.Claim;
import lowland.audit.Claims;
import lowland.audit.Finding;
import lowland.audit.Rules;
import lowland.checkpoint.AtomicFile;
import lowland.program.Device;
import lowland.report.AuditPage;
import lowland.report.AuditText;
import lowland.report.Environment;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `audit`: the papers' claims, executed here.
@Command(name = "audit", sortOptions = false, customSynopsis = "lowland audit [OPTIONS]", description = {
    "Runs the equations and theorems of both papers (FMLoRA/EFMLoRA, arXiv 2508.00522v3; Bi-LoRA, arXiv 2508.19564v1) and the checks of the"
        + " device on this machine, and says of each claim whether it holds, holds as corrected, or is false as printed, with the numbers"
        + " of a counterexample. Exit code 1 if anything deviates from that.", ""},
    footer = {"", "Examples:", "  lowland audit --html audit.html", "  lowland audit --claims paper1-eq12,theorem"})
final class AuditCommand implements Callable<Integer> {
    @Option(names = "--claims", paramLabel = "LIST", description = {
        "Only these, separated by commas: names, or beginnings of names such as paper1, theorem, device; a whole name is that claim alone.", "Default: all (our choice)."})
    private String names;

    @Option(names = "--html", paramLabel = "FILE", description = {
        "Writes the same as a page with the formulas.", "Default: none; text alone (our choice)."})
    private Path html;

    @Option(names = "--seed", paramLabel = "N", description = {
        "Of the random cases; another seed gives other cases.", "Default: 0 (our choice)."})
    private long seed;

    @Mixin
    private DeviceOptions devices;

    @Mixin
    private Common common;

    private final Streams streams;
    private final Rules rules;

    AuditCommand(Streams streams) {
        this(streams, Rules.LITERAL);
    }

    /// With rules that may deviate.
    AuditCommand(Streams streams, Rules rules) {
        this.streams = streams;
        this.rules = rules;
    }

    @Override
    public Integer call() {
        Device device = devices.device();
        Device watched = devices.watched();
        List<Claim> claims = chosen(Claims.all(() -> device, () -> watched));
        if (html != null && (Files.isDirectory(html) || !Files.isDirectory(html.toAbsolutePath().getParent()))) {
            throw Failure.of("cannot write " + html + ": " + (Files.isDirectory(html) ? "it is a folder" : "its folder does not exist")
                    + "; name a file in a folder that exists");
        }
        long began = System.nanoTime();
        List<Finding> findings = new ArrayList<>();
        for (Claim claim : claims) {
            Finding finding = Finding.of(claim, rules, seed);
            findings.add(finding);
            streams.out().print(AuditText.of(finding));
        }
        double seconds = (System.nanoTime() - began) * 1e-9;
        streams.out().println();
        streams.out().println(AuditText.summary(findings, seed, seconds));
        if (html != null) {
            AtomicFile.write(html, AuditPage.html(findings, device.name(), Environment.here(devices.threads()), seed, seconds));
            streams.err().println("Page: " + html);
        }
        return findings.stream().allMatch(Finding::asExpected) ? 0 : 1;
    }

    private List<Claim> chosen(List<Claim> all) {
        if (names == null) {
            return all;
        }
        Set<Claim> chosen = new LinkedHashSet<>();
        for (String name : names.split(",", -1)) {
            List<Claim> found = all.stream().filter(claim -> !name.isEmpty() && claim.name().startsWith(name)).toList();
            if (found.isEmpty()) {
                throw Failure.usage("--claims: there is no claim '" + name + "'; there are "
                        + String.join(", ", all.stream().map(Claim::name).toList()));
            }
            boolean exact = found.stream().anyMatch(claim -> claim.name().equals(name));
            found.stream().filter(claim -> !exact || claim.name().equals(name)).forEach(chosen::add);
        }
        return List.copyOf(chosen);
    }
}
