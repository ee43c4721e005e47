package lowland.train;

import java.util.ArrayList;
import java.util.List;
import lowland.data.DataSet;
import lowland.data.Example;
import lowland.random.CounterRandom;
import lowland.text.Encoding;

/// A task of the demo, tokenized.
///
/// @param data the rows in words, with the labels
public record DemoTask(DataSet data, Rows train, Rows dev, Rows test) {
    public static DemoTask of(DataSet data, Pretrained pretrained) {
        int longest = pretrained.config().longest();
        return new DemoTask(data, Rows.of(data.name() + " train", data.train(), pretrained.tokenizer(), longest),
                Rows.of(data.name() + " dev", data.dev(), pretrained.tokenizer(), longest),
                Rows.of(data.name() + " test", data.test(), pretrained.tokenizer(), longest));
    }

    public int classes() {
        return data.labels().size();
    }

    /// A fixed sample without repetition, in an order of its own; all rows where there are not so many.
    static Rows sample(Rows rows, int count, String what) {
        long key = CounterRandom.tensorKey(0, what);
        int[] order = new int[rows.size()];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        List<Example> examples = new ArrayList<>();
        List<Encoding> encodings = new ArrayList<>();
        for (int i = 0; i < Math.min(count, order.length); i++) {
            int j = i + (int) (CounterRandom.uniform(CounterRandom.child(key, i)) * (order.length - i));
            int row = order[j];
            order[j] = order[i];
            examples.add(rows.examples().get(row));
            encodings.add(rows.encodings().get(row));
        }
        return new Rows(examples, encodings, rows.truncated());
    }
}
