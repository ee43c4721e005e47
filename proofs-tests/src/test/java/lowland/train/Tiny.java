package lowland.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lowland.checkpoint.BertConfig;
import lowland.checkpoint.Tensor;
import lowland.checkpoint.Tensors;
import lowland.data.DataSet;
import lowland.data.Example;
import lowland.model.Bert;
import lowland.random.CounterRandom;
import lowland.text.Encoding;

/// An encoder of two layers with random weights, and a task that it can learn: which of three words does a row hold?
final class Tiny {
    static final BertConfig CONFIG = new BertConfig("bert", 2, 12, 3, 20, 40, 16, 2, 0, 1e-12, 0.1, 0.1, 0.1);

    private Tiny() {}

    static Pretrained pretrained() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        CONFIG.tensorShapes().forEach((name, shape) -> {
            int size = 1;
            for (int extent : shape) {
                size *= extent;
            }
            float[] values = new float[size];
            boolean norm = name.contains("LayerNorm.weight");
            for (int i = 0; i < size; i++) {
                double g = CounterRandom.gaussian(CounterRandom.child(CounterRandom.tensorKey(1, name), i));
                values[i] = (float) (norm ? 1 + 0.1 * g : 0.25 * g);
            }
            tensors.put(name, new Tensor(shape, values));
        });
        return new Pretrained("tiny", CONFIG, Bert.Pooling.MEAN, new Tensors("tiny", tensors), List.of(), 0, null, null);
    }

    static Rows rows(int count, String what) {
        List<Example> examples = new ArrayList<>();
        List<Encoding> encodings = new ArrayList<>();
        long key = CounterRandom.tensorKey(0, what);
        for (int row = 0; row < count; row++) {
            int label = (int) (CounterRandom.uniform(CounterRandom.child(key, row)) * 3);
            int[] ids = new int[3 + row % 4];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = 10 + (int) (CounterRandom.uniform(CounterRandom.child(CounterRandom.child(key, row), i)) * 30);
            }
            ids[1] = 3 + label;
            examples.add(new Example(row + 1, "row", null, label, Double.NaN));
            encodings.add(new Encoding(ids, new int[ids.length]));
        }
        return new Rows(examples, encodings, 0);
    }

    static DemoTask task() {
        Rows train = rows(60, "train");
        Rows dev = rows(20, "dev");
        Rows test = rows(30, "test");
        return new DemoTask(new DataSet("tiny", List.of("a", "b", "c"), train.examples(), dev.examples(), test.examples(), false), train, dev, test);
    }

    static DemoPlan plan(List<DemoMethod> methods, Long... seeds) {
        return new DemoPlan("tiny", methods, List.of(seeds), 4, 5, 3e-3, 1e-2, 40, 1, 10, 2, 12, 2, 0.01, 6, 3, 10);
    }
}
