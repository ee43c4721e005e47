package lowland.audit;

import lowland.theory.HouseholderQr;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/// P1, complexity: the claim `paper1-qr`.
class Paper1QrTest {
    private static final Proof PROOF = Proof.of("paper1-qr");

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
    void holds(@ForAll long seed) {
        PROOF.holds(seed);
    }

    /// Twice the operations for R, and for Q none.
    @Example
    void anotherCountIsRejected() {
        Proof.rejects(random -> Paper1Cost.qr(x -> {
            HouseholderQr right = HouseholderQr.of(x);
            return new HouseholderQr(right.q(), right.r(), 2 * right.flopsR(), 0);
        }, random), "operations for R, beyond 2R²(n − R/3), over n·R", "operations for Q, beyond 2R²(n − R/3), over n·R");
    }

    /// Q and R that are no factors of X.
    @Example
    void anotherMatrixIsRejected() {
        Proof.rejects(random -> Paper1Cost.qr(x -> {
            HouseholderQr right = HouseholderQr.of(x);
            return new HouseholderQr(right.q().scale(1 + 1e-9), right.r(), right.flopsR(), right.flopsQ());
        }, random), "Q·R = X", "QᵀQ = I", "R⁻¹·Qᵀ = X⁺");
    }
}
