package lowland.checkpoint;

/// What a training leaves of an encoder whose own weights did not change.
public sealed interface SavedAdapter permits PeftAdapter, BottleneckAdapter {}
