package lowland.train;

import java.util.List;
import lowland.descent.AdamW;
import lowland.descent.RhoSchedule;
import lowland.descent.Schedule;
import lowland.rule.Lora;
import lowland.rule.Scaling;

/// Settings that tests start from.
public final class TrainingFixtures {
    private TrainingFixtures() {}

    /// LoRA on query and value, ten steps of four rows, no dropout, in the file's order.
    public static Settings settings() {
        return new Settings("lora", new Lora(), AdamW.defaults(), 8, 16, Scaling.STANDARD, List.of("query", "value"), 8, 16, 5e-4, 5e-4,
                new Schedule(Schedule.Shape.CONSTANT, 10, 0), new RhoSchedule(RhoSchedule.Shape.CONSTANT, 0, 10), 10, 1, 4, 1, false, 0, 0,
                0, 0, 0);
    }
}
