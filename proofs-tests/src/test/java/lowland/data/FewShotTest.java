package lowland.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import lowland.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The few-shot tasks' files and samples.
class FewShotTest {
    @TempDir
    Path folder;

    private final List<String> said = new ArrayList<>();

    /// What numpy 2.4.6 gives for `numpy.random.seed(seed); numpy.random.shuffle(list(range(n)))`.
    @Test
    void theShuffleIsNumpys() {
        assertEquals(List.of(3, 5, 6, 1, 4, 7, 8, 9, 0, 2), shuffled(10, 13));
        assertEquals(List.of(7, 6, 1, 5, 4, 2, 0, 3, 9, 8), shuffled(10, 100));
        List<Integer> many = shuffled(1500, 42);
        assertEquals(List.of(1116, 1368, 422, 413, 451, 861, 1063, 741, 1272, 259), many.subList(0, 10));
        long sum = 0;
        for (int i = 0; i < many.size(); i++) {
            sum += (long) i * many.get(i);
        }
        assertEquals(844628727, sum, "more than one filling of the generator's 624 words");
    }

    private static List<Integer> shuffled(int n, int seed) {
        List<Integer> list = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            list.add(i);
        }
        NumpyShuffle.shuffle(list, seed);
        return list;
    }

    @Test
    void aSampleHasKRowsOfEachClassAndDevHasOthers() throws Exception {
        StringBuilder rows = new StringBuilder("index\tsentence1\tsentence2\tlabel\n");
        for (int i = 0; i < 60; i++) {
            rows.append(i).append("\tpremise ").append(i).append("\thypothesis\t").append(i % 3 == 0 ? "entailment" : "not_entailment")
                    .append('\n');
        }
        Files.writeString(folder.resolve("train.tsv"), rows);
        Files.writeString(folder.resolve("dev.tsv"), "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n");
        FewShot rte = FewShot.of("fewshot/rte");
        DataSet set = rte.read(folder, 7, 13, said::add);
        assertEquals(14, set.train().size());
        for (List<Example> split : List.of(set.train(), set.dev())) {
            assertEquals(7, split.stream().filter(row -> row.label() == 0).count());
        }
        HashSet<Integer> lines = new HashSet<>();
        set.train().forEach(row -> lines.add(row.row()));
        set.dev().forEach(row -> assertTrue(lines.add(row.row()), "a dev row that trains"));
        assertEquals(1, set.test().size(), "the whole set's dev rows");
        assertEquals(set, rte.read(folder, 7, 13, said::add));
        assertTrue(!set.train().equals(rte.read(folder, 7, 21, said::add).train()));
        said.clear();
        assertEquals(4, rte.read(folder, 16, 13, said::add).dev().stream().filter(row -> row.label() == 0).count());
        assertTrue(said.toString().contains("of entailment only 4 dev rows are left"), said.toString());

        // A sample that is there is taken as it is.
        Path ready = Files.createDirectories(folder.resolve("7-13"));
        Files.writeString(ready.resolve("train.tsv"), "index\tsentence1\tsentence2\tlabel\n0\tx\ty\tentailment\n");
        Files.writeString(ready.resolve("dev.tsv"), "index\tsentence1\tsentence2\tlabel\n0\tv\tw\tnot_entailment\n");
        DataSet given = rte.read(folder, 7, 13, said::add);
        assertEquals("x", given.train().getFirst().text());
        assertEquals(1, given.dev().getFirst().label());
    }

    @Test
    void filesAreReadAsTheyCome() throws Exception {
        Path sample = Files.createDirectories(folder.resolve("2-13"));
        for (String file : List.of("train.csv", "dev.csv")) {
            Files.writeString(sample.resolve(file), "5,How far is it ?\n3,\"Who , exactly , was \"\"he\"\" ?\"\n");
        }
        Files.writeString(folder.resolve("test.csv"), "4,Where ?\n");
        DataSet trec = FewShot.of("fewshot/trec").read(folder, 2, 13, said::add);
        assertEquals(new Example(2, "Who , exactly , was \"he\" ?", null, 3, Double.NaN), trec.train().get(1));
        assertEquals(4, trec.test().getFirst().label());

        // Rows with more annotators than the header names, one without agreement.
        String snli = "index\tpairID\tsentence1\tsentence2\tlabel1\tgold_label\n0\tp\tP.\tH.\tneutral\tneutral\tneutral\tcontradiction\n"
                + "1\tp\tP.\tH.\tneutral\t-\n";
        for (String file : List.of("train.tsv", "dev.tsv", "test.tsv")) {
            Files.writeString(sample.resolve(file), snli);
        }
        DataSet set = FewShot.of("fewshot/snli").read(folder, 2, 13, said::add);
        assertEquals(List.of(new Example(2, "P.", "H.", 2, Double.NaN)), set.train());
        assertTrue(said.getFirst().contains("1 rows have no agreed label"), said.toString());
        // Of the others a cell too many is a mistake.
        for (String[] task : new String[][] {{"sst-2", "sentence\tlabel\n", "good\t1\n", "good\tfilm\t1\n"},
            {"rte", "index\tsentence1\tsentence2\tlabel\n", "0\ta\tb\tentailment\n", "1\ta\tb\tc\tentailment\n"},
            {"mnli", "index\tsentence1\tsentence2\tgold_label\n", "0\ta\tb\tneutral\n", "1\ta\tb\tc\tneutral\n"}}) {
            for (String file : List.of("train.tsv", "dev.tsv", "test.tsv")) {
                Files.writeString(sample.resolve(file), task[1] + task[2] + (file.equals("dev.tsv") ? task[3] : ""));
            }
            String broken = assertThrows(Failure.class, () -> FewShot.of("fewshot/" + task[0]).read(folder, 2, 13, said::add)).getMessage();
            assertTrue(broken.contains("dev.tsv, line 3: the row has "), broken);
        }
        Files.writeString(sample.resolve("train.csv"), "3,Who ?\n6,What ?\n");
        String unknown = assertThrows(Failure.class, () -> FewShot.of("fewshot/trec").read(folder, 2, 13, said::add)).getMessage();
        assertTrue(unknown.contains("train.csv, line 2") && unknown.contains("\"6\" is unknown"), unknown);
        String none = assertThrows(Failure.class, () -> FewShot.of("fewshot/rte").read(folder.resolve("2-14"), 2, 14, said::add)).getMessage();
        assertTrue(none.contains("is not a folder"), none);
        assertEquals(2, assertThrows(Failure.class, () -> FewShot.of("fewshot/mr")).exitCode());
    }
}
