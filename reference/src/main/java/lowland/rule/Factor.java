package lowland.rule;

/// One of the two factors of a pair.
public enum Factor { A, B }
