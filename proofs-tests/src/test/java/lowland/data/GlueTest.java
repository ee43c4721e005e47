package lowland.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import lowland.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The official files of GLUE's tasks, as they come.
class GlueTest {
    @TempDir
    Path folder;

    private final List<String> said = new ArrayList<>();

    private DataSet read(String task, String train, String dev, String... contents) throws IOException {
        Files.writeString(folder.resolve(train), contents[0]);
        Files.writeString(folder.resolve(dev), contents[1]);
        return Glue.of("glue/" + task).read(folder, said::add);
    }

    private static void row(Example found, int line, String text, String pair, int label) {
        assertEquals(new Example(line, text, pair, label, Double.NaN), found);
    }

    @Test
    void colaHasNoHeader() throws IOException {
        String rows = "gj04\t1\t\tThe \"sailors rode.\ngj04\t0\t*\tThey drank the pub, it.\n";
        DataSet set = read("cola", "train.tsv", "dev.tsv", rows, rows);
        assertEquals(List.of("unacceptable", "acceptable"), set.labels());
        row(set.train().getFirst(), 1, "The \"sailors rode.", null, 1);
        row(set.dev().get(1), 2, "They drank the pub, it.", null, 0);
        Failure broken = assertThrows(Failure.class, () -> read("cola", "train.tsv", "dev.tsv", rows + "gj04\t1\tThree cells\n", rows));
        assertTrue(broken.getMessage().contains("train.tsv, line 3") && broken.getMessage().contains("3 cells"), broken.getMessage());
    }

    @Test
    void theTwoHalvesOfColasPublicDevAreOne() throws IOException {
        Files.writeString(folder.resolve("out_of_domain_dev.tsv"), "a\t0\t*\tout\n");
        DataSet set = read("cola", "in_domain_train.tsv", "in_domain_dev.tsv", "a\t1\t\tx\na\t0\t*\ty\n", "a\t1\t\tin\n");
        assertEquals(List.of("in", "out"), set.dev().stream().map(Example::text).toList());
    }

    @Test
    void mrpcsColumnsAreRenamedAndItsMarkIsNoPartOfThem() throws IOException {
        String rows = "\uFEFFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n"
                + "1\t7\t8\tHe said \"so\".\t\"So\", he said.\r\n0\t7\t8\ta\tb\r\n";
        DataSet set = read("mrpc", "msr_paraphrase_train.txt", "dev.tsv", rows, rows);
        assertEquals("equivalent", set.labels().get(1));
        row(set.train().getFirst(), 2, "He said \"so\".", "\"So\", he said.", 1);
    }

    @Test
    void stsbIsARegressionWithOrWithoutAHeader() throws IOException {
        String bare = "main\tMSR\t2012\t0001\t5.000\tA plane.\tAn air plane.\nmain\tMSR\t2012\t0004\t3\ta\tb\tlicence\tlicence\n";
        String header = "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n"
                + "0\tm\tM\t2\t0\tn\tn\tA\tB\t2.5\n";
        DataSet set = read("stsb", "sts-train.csv", "dev.tsv", bare, header);
        assertTrue(set.regression());
        assertEquals(new Example(1, "A plane.", "An air plane.", -1, 5), set.train().getFirst());
        assertEquals(3, set.train().get(1).target());
        assertEquals(new Example(2, "A", "B", -1, 2.5), set.dev().getFirst());
    }

    @Test
    void namesAndNumbersAreTheHubs() throws IOException {
        DataSet rte = read("rte", "train.tsv", "dev.tsv",
                "index\tsentence1\tsentence2\tlabel\n0\t\"Open\tb\tnot_entailment\n1\ta\tb\tentailment\n",
                "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n");
        row(rte.train().getFirst(), 2, "\"Open", "b", 1);
        Files.delete(folder.resolve("train.tsv"));
        DataSet json = read("rte", "train.jsonl", "validation.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"label\":1,\"idx\":0}\n",
                "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"label\":0,\"idx\":0}\n");
        assertEquals(1, json.train().getFirst().label());

        String qqp = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t2\t3\tWhy?\t\t0\n";
        row(read("qqp", "train.tsv", "dev.tsv", qqp, qqp).train().getFirst(), 2, "Why?", "", 0);
        assertEquals(List.of(), said);
        // Three rows of the official file end within a question.
        DataSet whole = read("qqp", "train.tsv", "dev.tsv", qqp + "4\t5\t6\tHow\n7\t8\t9\tWho?\tWhich?\t1\n", qqp);
        row(whole.train().get(1), 4, "Who?", "Which?", 1);
        assertEquals(2, whole.train().size());
        assertTrue(said.getFirst().endsWith("train.tsv: 1 row lacks a column, line 3; left out"), said.toString());
        read("qqp", "train.tsv", "dev.tsv", qqp + "short\n".repeat(5) + "7\t8\t9\tWho?\tWhich?\t1\n", qqp);
        assertTrue(said.getLast().endsWith("5 rows lack a column, lines 3, 4, 5, 6, 7; left out"), said.toString());
        String many = assertThrows(Failure.class, () -> read("qqp", "train.tsv", "dev.tsv", qqp + "short\n".repeat(6), qqp)).getMessage();
        assertTrue(many.contains("train.tsv: of 7 rows 6 rows lack a column, lines 3, 4, 5, 6, 7, ...;"), many);
        String mnli = "index\tpromptID\tgenre\tsentence1\tsentence2\tlabel1\tgold_label\n0\t1\tg\tP.\tH.\tneutral\tcontradiction\n";
        DataSet set = read("mnli", "train.tsv", "dev_mismatched.tsv", mnli, mnli);
        row(set.dev().getFirst(), 2, "P.", "H.", 2);
        String qnli = "index\tquestion\tsentence\tlabel\n0\tQ?\tS.\tentailment\n";
        row(read("qnli", "train.tsv", "dev.tsv", qnli, qnli).train().getFirst(), 2, "Q?", "S.", 0);
        String sst2 = "sentence\tlabel\nnew secretions \t0\n";
        row(read("sst2", "train.tsv", "dev.tsv", sst2, sst2).train().getFirst(), 2, "new secretions ", null, 0);
    }

    @Test
    void whatIsMissingOrUnknownIsNamed() throws IOException {
        Glue rte = Glue.of("glue/rte");
        assertTrue(assertThrows(Failure.class, () -> rte.read(folder, said::add)).getMessage().contains("holds none of train.tsv"));
        Files.writeString(folder.resolve("train-00000-of-00001.parquet"), "PAR1");
        String parquet = assertThrows(Failure.class, () -> rte.read(folder, said::add)).getMessage();
        assertTrue(parquet.contains("train-00000-of-00001.parquet is a damaged Parquet file"), parquet);
        Files.delete(folder.resolve("train-00000-of-00001.parquet"));
        String unknown = assertThrows(Failure.class, () -> read("rte", "train.tsv", "dev.tsv",
                "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tmaybe\n", "")).getMessage();
        assertTrue(unknown.contains("train.tsv, line 2") && unknown.contains("maybe") && unknown.contains("not_entailment"), unknown);
        assertEquals(2, assertThrows(Failure.class, () -> Glue.of("glue/wnli")).exitCode());
    }
}
