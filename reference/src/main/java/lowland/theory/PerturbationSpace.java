package lowland.theory;

import lowland.rule.LoraPair;
import org.ejml.simple.SimpleMatrix;

/// Where a perturbation of the factors can reach in the space of the weight: P2 Prop. 3.1 and 4.1.
///
///     LoRA-SAM   ε_W = s·((B + ε_B)(A + ε_A) − B·A) = s·(ε_B·A + B·ε_A) + s·ε_B·ε_A
///     Bi-LoRA    ε_W = s2·B2·A2:  Col ε_W ⊆ Col B2,  Row ε_W ⊆ Row A2,  rank ≤ R2
///
/// LoRA-SAM's first-order part has nothing outside Col B and Row A at once, Q_B·ε_W·Q_A = 0, and rank at most 2R; the cross term has.
/// Prop. 3.1 prints equalities of spaces: Col(B·Bᵀ·G) and Row(G·Aᵀ·A) are contained in Col B and Row A, and equal only if P_B·G
/// (G·P_A) has B's (A's) rank.
public final class PerturbationSpace {

    private PerturbationSpace() {
    }

    /// ε_W of (ε_B, ε_A), cross term included.
    public static SimpleMatrix weightPerturbation(LoraPair pair, SimpleMatrix eB, SimpleMatrix eA) {
        return pair.withB(pair.b().plus(eB)).withA(pair.a().plus(eA)).weightChange().minus(pair.weightChange());
    }

    /// s·(ε_B·A + B·ε_A): P2 Eq. 6's part, the cross term dropped.
    public static SimpleMatrix firstOrder(LoraPair pair, SimpleMatrix eB, SimpleMatrix eA) {
        return eB.mult(pair.a()).plus(pair.b().mult(eA)).scale(pair.scaling());
    }

    /// ‖Q_B·x·Q_A‖: what lies outside Col B and Row A at once.
    public static double outsideBoth(SimpleMatrix x, LoraPair pair) {
        SimpleMatrix outside = x.minus(Projection.ontoColumns(pair.b()).mult(x));
        return Projection.outsideRows(outside, pair.a());
    }
}
