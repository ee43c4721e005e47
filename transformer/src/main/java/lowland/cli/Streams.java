package lowland.cli;

import java.io.InputStream;
import java.io.PrintStream;

/// What a command reads and writes.
///
/// @param terminal whether `err` is a terminal, so that a bar can be drawn
record Streams(InputStream in, PrintStream out, PrintStream err, boolean terminal) {}
