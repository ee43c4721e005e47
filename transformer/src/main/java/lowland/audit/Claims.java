package lowland.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import lowland.program.Device;

/// All claims, paper by paper, in the papers' order; then the checks of what executes them.
///
/// P1 is "FMLoRA/EFMLoRA", arXiv 2508.00522v3; P2 is "Bi-LoRA", arXiv 2508.19564v1.
public final class Claims {

    private Claims() {
    }

    /// @param device opened when a claim about it is measured
    /// @param watched the same, whose sessions show an observer every operation
    public static List<Claim> all(Supplier<Device> device, Supplier<Device> watched) {
        List<Claim> claims = new ArrayList<>(ofThePapers());
        claims.addAll(Steps.claims(device, watched));
        return List.copyOf(claims);
    }

    /// Those that need no device.
    public static List<Claim> ofThePapers() {
        List<Claim> claims = new ArrayList<>();
        claims.addAll(Paper1Sam.claims());
        claims.addAll(Paper1Perturbation.claims());
        claims.addAll(Paper1Balance.claims());
        claims.addAll(Paper1Averaging.claims());
        claims.addAll(Paper1Cost.claims());
        claims.addAll(Paper2Sam.claims());
        claims.addAll(Paper2Bilora.claims());
        return List.copyOf(claims);
    }
}
