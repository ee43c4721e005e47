package lowland.cli;

import lowland.Failure;

/// Ranges of options: a value outside ends with exit code 2 and says what is allowed.
final class Require {
    private Require() {}

    static void that(boolean good, String option, Object found, String expected) {
        if (!good) {
            throw Failure.usage(option + " " + found + ": give " + expected);
        }
    }

    static void wholeFrom(int least, String option, int value) {
        that(value >= least, option, value, "a whole number from " + least + " up");
    }

    static void fromZero(String option, double value) {
        that(value >= 0 && Double.isFinite(value), option, value, "a finite number from 0 up");
    }

    static void positive(String option, double value) {
        that(value > 0 && Double.isFinite(value), option, value, "a finite number above 0");
    }

    /// From 0 to below 1: a probability that leaves something, or a decay.
    static void belowOne(String option, double value) {
        that(value >= 0 && value < 1, option, value, "a number from 0 to below 1");
    }
}
