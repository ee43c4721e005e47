package lowland.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lowland.Failure;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;

class TableFileProperties {
    /// Everything that can trip a reader: separators, quotes, line breaks within cells, spaces, letters beyond ASCII.
    @Property(tries = 500)
    void csvHoldsAnyCell(@ForAll @Size(min = 1, max = 5) List<@net.jqwik.api.From("rows") List<String>> rows, @ForAll boolean crlf) {
        StringBuilder csv = new StringBuilder(crlf ? "a,\"b\"\r\n" : "\uFEFFa,b\n");
        for (List<String> row : rows) {
            csv.append('"').append(row.get(0).replace("\"", "\"\"")).append("\",\"").append(row.get(1).replace("\"", "\"\"")).append('"');
            csv.append(crlf ? "\r\n" : "\n");
        }
        assertCells(rows, parse("t.csv", csv.toString()));
    }

    @Property(tries = 500)
    void jsonlHoldsAnyCell(@ForAll @Size(min = 1, max = 5) List<@net.jqwik.api.From("rows") List<String>> rows) throws JsonProcessingException {
        StringBuilder jsonl = new StringBuilder();
        for (List<String> row : rows) {
            Map<String, String> object = new LinkedHashMap<>();
            object.put("a", row.get(0));
            object.put("b", row.get(1));
            jsonl.append(new ObjectMapper().writeValueAsString(object)).append('\n');
        }
        assertCells(rows, parse("t.jsonl", jsonl.toString()));
        assertCells(rows, parse("standard input", jsonl.toString()));
    }

    @Property(tries = 500)
    void tsvKeepsQuotesAndCommasAsTheyAre(@ForAll @Size(min = 1, max = 5) List<@net.jqwik.api.From("rows") List<String>> rows, @ForAll boolean crlf) {
        List<List<String>> plain = rows.stream().map(row -> row.stream().map(cell -> cell.replaceAll("[\t\r\n]", "") + "x").toList()).toList();
        StringBuilder tsv = new StringBuilder("a\tb");
        plain.forEach(row -> tsv.append(crlf ? "\r\n" : "\n").append(row.get(0)).append('\t').append(row.get(1)));
        assertCells(plain, parse("t.tsv", tsv.toString()));
        assertCells(plain, parse("standard input", tsv.toString()));
    }

    @Provide
    Arbitrary<List<String>> rows() {
        return Arbitraries.strings().withChars("ab ,;\t\"'\n\ré😀{}\\").ofMaxLength(8)
                .filter(cell -> StandardCharsets.UTF_8.newEncoder().canEncode(cell))
                .list().ofSize(2);
    }

    @Property(tries = 1000)
    void anyBytesAreReadOrRefused(@ForAll @Size(max = 40) byte[] bytes) {
        for (String name : List.of("t.csv", "t.tsv", "t.jsonl", "standard input")) {
            try {
                TableFile.parse(name, bytes);
            } catch (Failure expected) {
                assertTrue(expected.getMessage().startsWith(name), expected.getMessage());
            }
        }
    }

    @Example
    void linesAreCountedWhereRowsBegin() {
        TableFile csv = parse("t.csv", "a,b\n1,\"x\ny\n\"\n2,z\r\n");
        assertEquals(List.of(2, 5), List.of(csv.line(0), csv.line(1)));
        assertEquals("t.csv, line 5", csv.at(1));
        assertEquals(List.of("x\ny\n", "z"), List.of(csv.cell(0, "b"), csv.cell(1, "b")));
        assertEquals(3, parse("t.tsv", "a\n1\n2\n\n\n").line(1));
        assertEquals(2, parse("t.tsv", "a\tb\n1\t2\n\t\n").size(), "a row of empty cells is a row");
    }

    @Example
    void brokenRowsAreNamedByTheirLine() {
        refused("t.tsv", "a\tb\n1\t2\n3\n", "line 3");
        refused("t.tsv", "a\tb\n1\t2\t3\n", "line 2");
        refused("t.tsv", "a\n1\n\n2\n", "line 3");
        refused("t.csv", "a,b\n1,2\n3\n", "line 3");
        refused("t.csv", "a,b\n1,2\n\n3,4\n", "line 3");
        refused("t.csv", "a,b\n1,2\n3,\"4\n5,6\n", "line 3");
        refused("t.csv", "a,b\n1,\"2\"x\n", "line 2");
        refused("t.jsonl", "{\"a\":1}\n{\"a\":\n", "line 2");
        refused("t.jsonl", "{\"a\":1}\n[1]\n", "line 2");
        refused("t.jsonl", "{\"a\":1}\n\n{\"a\":1}\n", "line 2");
        refused("t.jsonl", "{\"a\":1,\"a\":2}\n", "line 1");
        refused("t.jsonl", "{\"a\":1} {\"a\":2}\n", "line 1");
        refused("t.tsv", "a\ta\n1\t2\n", "twice");
        refused("t.csv", "a,a\n1,2\n", "twice");
        refused("t.tsv", "", "empty");
        refused("t.csv", "", "empty");
        refused("t.jsonl", "\n", "empty");
        refused("t.tsv", "a\tb\n", "no row");
        refused("t.csv", "a,b\r\n\r\n", "no row");
        Failure failure = assertThrows(Failure.class, () -> TableFile.parse("t.tsv", new byte[] {'a', '\n', 'b', '\n', (byte) 0xE9, 'x'}));
        assertTrue(failure.getMessage().contains("line 3") && failure.getMessage().contains("UTF-8"), failure.getMessage());
        failure = assertThrows(Failure.class, () -> TableFile.parse("t.tsv", new byte[] {'a', '\n', (byte) 0xC3}));
        assertTrue(failure.getMessage().contains("line 2"), failure.getMessage());
    }

    @Example
    void filesAndStreamsAreRead() throws IOException {
        Path folder = Files.createTempDirectory("table");
        Path file = Files.writeString(folder.resolve("T.CSV"), "text,label\n\"a,b\",1\n");
        assertEquals("a,b", TableFile.read(file).text(0, "text"));
        assertThrows(Failure.class, () -> TableFile.read(folder));
        Files.delete(file);
        assertThrows(Failure.class, () -> TableFile.read(file));
        Files.delete(folder);
        byte[] oneColumn = "text\nno, comma in the header\n".getBytes(StandardCharsets.UTF_8);
        assertEquals("no, comma in the header", TableFile.read("standard input", new ByteArrayInputStream(oneColumn)).text(0, "text"));
    }

    @Example
    void theUsualColumnsAreFound() {
        assertEquals(List.of("sentence"), Columns.of(parse("t.tsv", "label\tsentence\ttext\n0\ta\tb"), null, null).text());
        assertEquals(List.of("sentence1", "sentence2"), Columns.of(parse("t.tsv", "sentence2\tsentence1\n0\ta"), null, null).text());
        assertEquals(List.of("text"), Columns.of(parse("t.tsv", "text\tsentence1\n0\ta"), null, null).text());
        assertEquals(new Columns(List.of("q", "a"), "y"), Columns.of(parse("t.tsv", "a\tq\ty\n0\ta\t1"), "q, a", "y"));
        Failure failure = assertThrows(Failure.class, () -> Columns.of(parse("t.tsv", "x\tyy\n0\ta"), null, null));
        assertTrue(failure.getMessage().contains("x, yy"), failure.getMessage());
        failure = assertThrows(Failure.class, () -> Columns.of(parse("t.tsv", "x\tyy\n0\ta"), "z", null));
        assertTrue(failure.getMessage().contains("x, yy"), failure.getMessage());
        assertEquals(2, assertThrows(Failure.class, () -> Columns.of(parse("t.tsv", "x\tyy\n0\ta"), "x,yy,z", null)).exitCode());
    }

    @Example
    void labelsMeanWhatTheirSpellingSays() {
        assertEquals(new Labels(List.of("0", "1", "2"), false), labels("2", "0", "1"));
        assertEquals(new Labels(List.of("a", "b"), false), labels("b", "a", "b"));
        assertEquals(new Labels(List.of("1", "2", "x"), false), labels("1", "2", "x"));
        assertEquals(new Labels(List.of(), true), labels("1", "2.5", "-3e-1"));
        assertEquals(new Labels(List.of(), true), labels("1.0", "2.0"));
        assertEquals(new Labels(List.of("NaN", "b"), false), labels("NaN", "b"));
        assertEquals(new Labels(List.of("0", "1"), false), labels("01", "+0", "1"));
        for (List<String> bad : List.of(List.of("1", "3", "5", "1"), List.of("1", "2"), List.of("0", "2", "3"), List.of("0", "-1"))) {
            String message = assertThrows(Failure.class, () -> labels(bad.toArray(String[]::new)), bad.toString()).getMessage();
            for (String cell : bad) {
                assertTrue(message.contains(" " + cell), message);
            }
            assertTrue(message.contains("number the classes 0 to ") && message.contains("1.0"), message);
        }
        for (List<String> bad : List.of( List.of("0", "10000"), List.of("0", "99999999999999"), List.of("a", "a"), List.of("a", " "))) {
            assertThrows(Failure.class, () -> labels(bad.toArray(String[]::new)), bad.toString());
        }
    }

    @Example
    void examplesCarryTheirLinesAndUnknownLabelsAreNamed() {
        TableFile table = parse("t.tsv", "sentence\tlabel\nx\tb\ny\t a \nz\t1\n");
        Labels labels = new Labels(List.of("a", "b"), false);
        assertEquals(
                List.of(new lowland.data.Example(2, "x", null, 1, Double.NaN), new lowland.data.Example(3, "y", null, 0, Double.NaN),
                        new lowland.data.Example(4, "z", null, 1, Double.NaN)),
                table.examples(new Columns(List.of("sentence"), "label"), labels));
        TableFile unknown = parse("t.tsv", "sentence\tlabel\nx\tb\ny\tc\n");
        Failure failure = assertThrows(Failure.class, () -> unknown.examples(new Columns(List.of("sentence"), "label"), labels));
        assertTrue(failure.getMessage().contains("t.tsv, line 3") && failure.getMessage().contains("a, b"), failure.getMessage());
        Labels numbers = new Labels(List.of(), true);
        assertThrows(Failure.class, () -> unknown.examples(new Columns(List.of("sentence"), "label"), numbers));
        assertEquals(2.5, parse("t.tsv", "text\tlabel\nx\t2.5").examples(new Columns(List.of("text"), "label"), numbers).getFirst().target());
        for (String row : List.of("\tb", "  \tb", "\u00A0x\t", "x\t9", "x\t-1")) {
            TableFile bad = parse("t.tsv", "sentence\tlabel\n" + row);
            Failure named = assertThrows(Failure.class, () -> bad.examples(new Columns(List.of("sentence"), "label"), labels), row);
            assertTrue(named.getMessage().contains("t.tsv, line 2"), named.getMessage());
        }
        for (String row : List.of("{\"text\":null}", "{\"x\":1}", "{\"text\":\"a\\ud800\"}", "{\"text\":\"\"}")) {
            TableFile bad = parse("t.jsonl", "{\"text\":\"a\"}\n" + row);
            Failure named = assertThrows(Failure.class, () -> bad.examples(new Columns(List.of("text"), "label")), row);
            assertTrue(named.getMessage().contains("t.jsonl, line 2"), named.getMessage());
        }
    }

    @Example
    void theDevShareDependsOnEachTextAlone() {
        StringBuilder rows = new StringBuilder("text\tlabel\n");
        for (int i = 0; i < 2000; i++) {
            rows.append("text ").append(i % 1000).append('\t').append(i % 3).append('\n');
        }
        TableFile table = parse("t.tsv", rows.toString());
        Columns columns = Columns.of(table, null, null);
        DataSet set = TableTask.of(table, null, 0.1, null, columns);
        assertEquals(2000, set.train().size() + set.dev().size());
        assertTrue(set.dev().size() > 140 && set.dev().size() < 260, "a tenth: " + set.dev().size());
        assertTrue(set.dev().stream().noneMatch(dev -> set.train().stream().anyMatch(train -> train.text().equals(dev.text()))));
        assertEquals(set, TableTask.of(table, null, 0.1, null, columns));
        assertEquals(2000, TableTask.of(table, null, 0, null, columns).train().size());
        Labels three = new Labels(List.of("0", "1", "2"), false);
        assertEquals(set.dev(), TableTask.dev(table, 0.1, columns, three));
        assertThrows(Failure.class, () -> TableTask.dev(table, 0.1, columns, new Labels(List.of("0", "1"), false)));
        assertThrows(Failure.class, () -> TableTask.dev(table, 1e-9, columns, three));
        DataSet files = TableTask.of(table, parse("d.tsv", "text\tlabel\nx\t2"), 0, parse("e.tsv", "text\tlabel\ny\t0"), columns);
        assertEquals(List.of(2, 0), List.of(files.dev().getFirst().label(), files.test().getFirst().label()));
        assertThrows(Failure.class, () -> TableTask.of(table, null, 1e-9, null, columns));
        assertEquals(2, assertThrows(Failure.class, () -> TableTask.of(table, null, 1, null, columns)).exitCode());
        assertEquals(1000.0 / 3000, new DataSet("x", List.of("a", "b"), counted(1, 2), List.of(), List.of(), false)
                .majorityBaseline(counted(2, 1)), 1e-12);
    }

    private static List<lowland.data.Example> counted(int zeros, int ones) {
        List<lowland.data.Example> rows = new java.util.ArrayList<>();
        for (int i = 0; i < zeros + ones; i++) {
            rows.add(new lowland.data.Example(i, "x", null, i < zeros ? 0 : 1, Double.NaN));
        }
        return rows;
    }

    private static Labels labels(String... cells) {
        return Labels.of(column(cells), "label");
    }

    private static TableFile column(String... cells) {
        return parse("t.tsv", "text\tlabel\nx\t" + String.join("\nx\t", cells));
    }

    private static void assertCells(List<List<String>> rows, TableFile table) {
        assertEquals(List.of("a", "b"), table.header());
        assertEquals(rows.size(), table.size());
        for (int i = 0; i < rows.size(); i++) {
            assertEquals(rows.get(i), List.of(table.cell(i, "a"), table.cell(i, "b")));
        }
    }

    private static void refused(String name, String text, String why) {
        Failure failure = assertThrows(Failure.class, () -> parse(name, text), name + " " + text);
        assertTrue(failure.getMessage().contains(why) && failure.getMessage().startsWith(name), failure.getMessage());
    }

    private static TableFile parse(String name, String text) {
        return TableFile.parse(name, text.getBytes(StandardCharsets.UTF_8));
    }
}
