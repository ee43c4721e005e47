package lowland.train;

import java.util.List;
import lowland.descent.AdamW;
import lowland.descent.RhoSchedule;
import lowland.descent.Schedule;
import lowland.rule.Lora;

/// Settings that tests start from.
public final class TrainingFixtures {
    private TrainingFixtures() {}

    /// LoRA on query and value, ten steps of four rows, no dropout, in the file's order.
    public static Settings settings() {
        return new Settings(new Lora(), new RhoSchedule(RhoSchedule.Shape.CONSTANT, 0, 10),
                new Settings.Pairs(List.of("query", "value"), new Settings.Size(8, 16)),
                new Settings.Optimisation(AdamW.defaults(), 5e-4, 5e-4, new Schedule(Schedule.Shape.CONSTANT, 10, 0), 1),
                new Settings.Batching(4, 1, false, 0), Settings.Regularisation.NONE, 0);
    }
}
