package lowland.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import lowland.Failure;
import lowland.checkpoint.TaskFile;
import lowland.train.Adapters;
import lowland.train.Evaluation;
import lowland.train.MergedCheckpoint;
import lowland.train.Pretrained;
import lowland.train.Rows;
import lowland.train.Snapshot;
import lowland.train.StepRecord;
import lowland.train.Training;

/// A training from its first step to its last, with what it leaves in its folder: with dev rows the adapter of the evaluation with the
/// best main metric (ties to the earlier), without the latest one.
final class Run {
    private final Training training;
    private final Pretrained pretrained;
    private final TaskFile task;
    private final String metric;
    private final RunFolder folder;
    private final Progress progress;
    private final Interruption interruption;
    private final int every;
    private final List<Measured> results = new ArrayList<>();
    private Measured best;
    private Snapshot kept;
    private int keptStep;

    /// An evaluation, and the step after which it was made.
    private record Measured(int step, String split, Evaluation evaluation) {}

    /// @param every steps between evaluations, which are also where an adapter is saved
    /// @param metric the one that chooses the best evaluation on dev; null for the first of all
    Run(Training training, Pretrained pretrained, TaskFile task, String metric, RunFolder folder, Progress progress,
            Interruption interruption, int every) {
        this.training = training;
        this.pretrained = pretrained;
        this.task = task;
        this.metric = metric;
        this.folder = folder;
        this.progress = progress;
        this.interruption = interruption;
        this.every = every;
    }

    /// What came out.
    ///
    /// @param step the one whose adapter is kept
    /// @param init the size of random weights, or null
    record Outcome(int step, int skipped, boolean interrupted, String init, List<String> lines, List<ObjectNode> records) {
        void print(PrintStream out, Path result) {
            if (init != null) {
                out.println(init + " with random weights");
            }
            lines.forEach(out::println);
            if (skipped > 0) {
                out.println("skipped " + skipped + " steps that were not finite");
            }
            out.println(result.getFileName() + " " + result + " (step " + step + (interrupted ? ", interrupted)" : ")"));
        }

        ObjectNode json(Path result) {
            ObjectNode json = JsonLine.object().put(result.getFileName().toString(), result.toString()).put("step", step).put("skipped", skipped)
                    .put("interrupted", interrupted).put("init", init);
            records.forEach(json.putArray("evaluations")::add);
            return json;
        }
    }

    /// @throws Failure if training stops on numbers that are not finite, naming the adapter that is left
    Outcome toTheEnd(Rows dev, Rows test) {
        try {
            while (!training.finished() && !interruption.requested()) {
                StepRecord record = training.step();
                folder.line(JsonLine.step(record));
                progress.step(record);
                if (record.skipped()) {
                    progress.say("step " + record.step() + " was skipped: " + training.trouble());
                }
                training.check();
                if (record.step() % every == 0 || training.finished()) {
                    pause(dev);
                }
            }
        } catch (Failure e) {
            String result = folder.result(training).getFileName().toString();
            throw Failure.of(e.getMessage() + (keptStep == 0 ? "; no " + result + " was saved yet"
                    : "; the last good " + result + ", of step " + keptStep + ", is in " + folder.result(training)), e);
        }
        boolean interrupted = !training.finished();
        if (interrupted) {
            if (dev.size() == 0 || keptStep == 0) {
                save(training.taken());
            }
        } else if (test.size() > 0) {
            if (dev.size() > 0) {
                training.restore(kept);
            }
            measure(keptStep, "test", test);
        }
        return new Outcome(keptStep, training.skipped(), interrupted, pretrained.init(), lines(), records());
    }

    private void pause(Rows dev) {
        int step = training.taken();
        if (dev.size() == 0) {
            save(step);
            return;
        }
        Measured now = measure(step, "dev", dev);
        progress.say(line(now));
        boolean better = best == null || now.evaluation.score(metric) > best.evaluation.score(metric)
                || Double.isNaN(best.evaluation.score(metric)) && !Double.isNaN(now.evaluation.score(metric));
        if (better) {
            results.remove(best);
            best = now;
            kept = training.snapshot();
            save(step);
        } else {
            results.remove(now);
        }
    }

    private Measured measure(int step, String split, Rows rows) {
        Measured measured = new Measured(step, split, training.evaluate(rows));
        folder.line(JsonLine.evaluation(step, split, measured.evaluation));
        results.add(measured);
        return measured;
    }

    private void save(int step) {
        if (training.trainsEveryWeight()) {
            MergedCheckpoint.write(folder.model(), pretrained, training, task);
        } else {
            Adapters.write(training, pretrained, folder.adapter());
            keptStep = step;
            task.write(folder.adapter());
        }
        keptStep = step;
        if (!training.program().auxiliary().isEmpty()) {
            Adapters.writeAuxiliary(training, pretrained, folder.auxiliary());
            task.write(folder.auxiliary());
        }
    }

    private List<String> lines() {
        return results.stream().map(Run::line).toList();
    }

    private List<ObjectNode> records() {
        return results.stream().map(result -> JsonLine.evaluation(result.step, result.split, result.evaluation)).toList();
    }

    private static String line(Measured measured) {
        return measured.split + " at step " + measured.step + "  " + measures(measured.evaluation);
    }

    /// Loss and metrics in a line.
    static String measures(Evaluation evaluation) {
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "loss %.4f", evaluation.loss()));
        evaluation.metrics().forEach((name, value) -> line.append(String.format(Locale.ROOT, "  %s %.4f", name, value)));
        return line.toString();
    }
}
