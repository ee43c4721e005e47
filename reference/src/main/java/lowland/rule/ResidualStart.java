package lowland.rule;

import org.ejml.simple.SimpleMatrix;

/// A pair that does not start at zero, and the weight that is left frozen so that the model starts as it was: W0 = residual + s·B0·A0.
///
/// @param pair     A0 and B0
/// @param residual W0 − s·B0·A0, out×in
public record ResidualStart(LoraPair pair, SimpleMatrix residual) {

    static ResidualStart of(LoraPair pair, SimpleMatrix start) {
        return new ResidualStart(pair, start.minus(pair.weightChange()));
    }

    /// The trained pair as plain LoRA of twice the rank on W0 itself, as PEFT converts PiSSA:
    ///
    ///     residual + s·B·A = W0 + s·[B, −B0]·[A; A0]
    public LoraPair onStart(LoraPair trained) {
        return new LoraPair(trained.name(), trained.scaling(),
                trained.a().concatRows(pair.a()), trained.b().concatColumns(pair.b().negative()));
    }
}
