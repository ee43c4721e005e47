package lowland.descent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.Example;

class ScheduleTest {

    @Example
    void linearWithWarmup() {
        assertFactors(new Schedule(Schedule.Shape.LINEAR, 10, 2), 0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0, 0);
    }

    @Example
    void linearWithoutWarmup() {
        assertFactors(new Schedule(Schedule.Shape.LINEAR, 4, 0), 1, 0.75, 0.5, 0.25, 0, 0);
    }

    @Example
    void constantWithWarmup() {
        assertFactors(new Schedule(Schedule.Shape.CONSTANT, 5, 2), 0, 0.5, 1, 1, 1, 1, 1);
    }

    /// cos(60°) = ½ and cos(45°) = √½: ¾, ½, ¼ at thirds of the way, and so on.
    @Example
    void cosineWithWarmup() {
        assertFactors(new Schedule(Schedule.Shape.COSINE, 8, 2), 0, 0.5, 1, (1 + Math.sqrt(3) / 2) / 2, 0.75, 0.5, 0.25,
                (1 - Math.sqrt(3) / 2) / 2, 0, 0);
    }

    /// A run that is all warm-up ends at 0, whatever would follow.
    @Example
    void warmUpToTheEnd() {
        assertFactors(new Schedule(Schedule.Shape.LINEAR, 3, 3), 0, 1 / 3.0, 2 / 3.0, 0, 0);
        assertFactors(new Schedule(Schedule.Shape.COSINE, 3, 3), 0, 1 / 3.0, 2 / 3.0, 0, 0);
    }

    /// w = ⌈warmup·K⌉.
    @Example
    void warmupShareRoundsUp() {
        assertEquals(6, Schedule.withWarmupShare(Schedule.Shape.LINEAR, 100, 0.06).warmupSteps());
        assertEquals(7, Schedule.withWarmupShare(Schedule.Shape.LINEAR, 101, 0.06).warmupSteps());
        assertEquals(0, Schedule.withWarmupShare(Schedule.Shape.LINEAR, 101, 0).warmupSteps());
        assertEquals(1, Schedule.withWarmupShare(Schedule.Shape.LINEAR, 1, 0.06).warmupSteps());
        assertEquals(101, Schedule.withWarmupShare(Schedule.Shape.LINEAR, 101, 1).warmupSteps());
    }

    @Example
    void rho() {
        assertRho(new RhoSchedule(RhoSchedule.Shape.CONSTANT, 0.05, 4), 0.05, 0.05, 0.05, 0.05, 0.05);
        assertRho(new RhoSchedule(RhoSchedule.Shape.COSINE, 0.1, 4),
                0.1, 0.02 + 0.04 * (1 + Math.sqrt(0.5)), 0.06, 0.02 + 0.04 * (1 - Math.sqrt(0.5)), 0.02, 0.02);
        assertRho(new RhoSchedule(RhoSchedule.Shape.COSINE, 0.1, 0.05, 2), 0.1, 0.075, 0.05);
        assertRho(new RhoSchedule(RhoSchedule.Shape.INVERSE_SQRT, 0.6, 9), 0.6, 0.6 / Math.sqrt(2), 0.6 / Math.sqrt(3), 0.3);
        assertRho(new RhoSchedule(RhoSchedule.Shape.COSINE, 0, 4), 0, 0, 0);
        assertRho(new RhoSchedule(RhoSchedule.Shape.COSINE, 0.1, 0, 2), 0.1, 0.05, 0);
        assertRho(new RhoSchedule(RhoSchedule.Shape.COSINE, 0.1, 0.05, 1), 0.1, 0.05);
    }

    @Example
    void alphaOfBar() {
        assertEquals(new BarSchedule(Schedule.Shape.LINEAR, 0.25), BarSchedule.defaults());
        for (double progress : new double[] {0, 0.25, 1 / 3.0, 1}) {
            assertEquals(0.5, new BarSchedule(Schedule.Shape.CONSTANT, 0.5).at(progress));
            assertEquals(0.5 * (1 - progress), new BarSchedule(Schedule.Shape.LINEAR, 0.5).at(progress));
        }
        BarSchedule cosine = new BarSchedule(Schedule.Shape.COSINE, 0.5);
        assertEquals(0.5, cosine.at(0));
        assertEquals(0.375, cosine.at(1 / 3.0), 4e-16);
        assertEquals(0, cosine.at(1));
        assertEquals(0, new BarSchedule(Schedule.Shape.COSINE, 0).at(0.5));
        for (double alpha : new double[] {-0.1, Double.POSITIVE_INFINITY, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> new BarSchedule(Schedule.Shape.LINEAR, alpha));
        }
    }

    @Example
    void badSchedulesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Schedule(Schedule.Shape.LINEAR, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Schedule(Schedule.Shape.LINEAR, 5, 6));
        assertThrows(IllegalArgumentException.class, () -> new Schedule(Schedule.Shape.LINEAR, 5, -1));
        assertThrows(IllegalArgumentException.class, () -> new Schedule(Schedule.Shape.LINEAR, 5, 1).factor(-1));
        assertThrows(IllegalArgumentException.class, () -> Schedule.withWarmupShare(Schedule.Shape.LINEAR, 5, 1.1));
        for (double share : new double[] {-0.1, Double.NaN}) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> Schedule.withWarmupShare(Schedule.Shape.LINEAR, 5, share))
                    .getMessage().contains("a share of the steps in [0, 1]"));
        }
        for (double rho : new double[] {-0.1, Double.POSITIVE_INFINITY, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> new RhoSchedule(RhoSchedule.Shape.CONSTANT, rho, 0.1, 4));
            assertThrows(IllegalArgumentException.class, () -> new RhoSchedule(RhoSchedule.Shape.COSINE, 0.1, rho, 4));
        }
        for (RhoSchedule.Shape shape : RhoSchedule.Shape.values()) {
            assertThrows(IllegalArgumentException.class, () -> new RhoSchedule(shape, 0.1, 4).at(-1));
        }
        assertThrows(IllegalArgumentException.class, () -> new RhoSchedule(RhoSchedule.Shape.COSINE, 0.1, 0.1, 0));
    }

    private static void assertFactors(Schedule schedule, double... expected) {
        for (int k = 0; k < expected.length; k++) {
            assertEquals(expected[k], schedule.factor(k), 4e-16, "step " + k);
        }
    }

    private static void assertRho(RhoSchedule schedule, double... expected) {
        for (int k = 0; k < expected.length; k++) {
            assertEquals(expected[k], schedule.at(k), 4e-16 * expected[0], "step " + k);
        }
    }
}
