package lowland.train;

/// How the pairs stand to the weights that they adapt.
public enum AdapterForm {
    /// W0 + s·B·A from B = 0.
    LORA,
    /// Rows' magnitudes beside, see [lowland.rule.Dora].
    DORA,
    /// From W0's principal part, see [lowland.rule.Pissa].
    PISSA,
    /// From the full gradient's singular vectors, see [lowland.rule.LoraGa].
    LORA_GA;

    /// Whether the pair does not start at zero, and a residual takes W0's place.
    public boolean residual() {
        return this == PISSA || this == LORA_GA;
    }
}
