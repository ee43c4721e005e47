package lowland.data;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import lowland.Failure;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/// A table of texts with a header: TSV (no quoting), CSV (RFC 4180) or JSONL (an object a line), in UTF-8 with or without
/// a byte-order mark, with line breaks of any system; or Parquet.
///
/// Parquet is told by its first bytes or its extension. Of the others the extension says which; `-` (standard input) and other extensions
/// go by the first line: `{` begins JSONL, a tab makes it TSV, a comma CSV, and a line with neither is the only column of a TSV.
///
/// Blank lines at the end are ignored, elsewhere they are broken rows. Nothing is trimmed.
public final class TableFile {
    /// Rows without all their columns that may be left out of any file.
    private static final int BROKEN = 5;
    /// One row in so many may be left out of a large one.
    private static final int BROKEN_SHARE = 10_000;

    private enum Format {
        TSV, CSV, JSONL
    }

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /// A row: the line on which it begins (of Parquet its number), and a cell for each column, null where a row of JSONL or Parquet lacks it.
    private record Row(int line, List<String> cells) {}

    private final String name;
    private final List<String> header = new ArrayList<>();
    private final List<Row> rows = new ArrayList<>();
    private String unit = "line";

    private TableFile(String name) {
        this.name = name;
    }

    /// Reads a file, or standard input for `-`.
    ///
    /// @throws Failure if it is missing, not UTF-8, has a broken row (with its line) or no row at all
    public static TableFile read(String file) {
        return file.equals("-") ? read("standard input", System.in) : read(Path.of(file));
    }

    /// Reads a file.
    public static TableFile read(Path file) {
        try {
            if (Files.isDirectory(file)) {
                throw Failure.of(file + " is a folder; name a TSV, CSV or JSONL file");
            }
            return parse(file.toString(), Files.readAllBytes(file));
        } catch (IOException e) {
            throw Failure.reading(file, e);
        } catch (OutOfMemoryError e) {
            throw Failure.of(file + " is too large to be read at once; split it", e);
        }
    }

    /// Reads a file that may begin without a header: then it is a TSV of these columns.
    ///
    /// @param known a column that a header would name
    /// @param bare the columns where there is no header
    /// @param least cells of a row at least; what it leaves out at its end, it lacks
    public static TableFile read(Path file, String known, List<String> bare, int least) {
        TableFile table = new TableFile(file.toString());
        try {
            List<String> lines = table.lines(decode(table.name, Files.readAllBytes(file)));
            if (lines.getFirst().startsWith("{") || List.of(lines.getFirst().split("[\t,]")).contains(known)) {
                return read(file);
            }
            table.header.addAll(bare);
            for (int i = 0; i < lines.size(); i++) {
                List<String> cells = new ArrayList<>(Arrays.asList(lines.get(i).split("\t", -1)));
                if (cells.size() < least || cells.size() > bare.size()) {
                    throw Failure.of(table.name + ", line " + (i + 1) + ": the row has " + cells.size() + " cells, expected " + least
                            + (least == bare.size() ? "" : " to " + bare.size()) + "; check the separators of this row");
                }
                while (cells.size() < bare.size()) {
                    cells.add(null);
                }
                table.rows.add(new Row(i + 1, cells));
            }
            return table;
        } catch (IOException e) {
            throw Failure.reading(file, e);
        }
    }

    /// Reads a TSV with a header, some of whose rows have more cells: the last one belongs under the last column, those between are left
    /// out (SNLI's files name one annotator of up to five).
    public static TableFile ragged(Path file) {
        TableFile table = new TableFile(file.toString());
        table.readTsv(text(file), cells -> {
            int columns = table.header.size();
            if (cells.size() <= columns) {
                return cells;
            }
            List<String> kept = new ArrayList<>(cells.subList(0, columns - 1));
            kept.add(cells.getLast());
            return kept;
        });
        return table;
    }

    /// Reads a file, leaving out the rows of a TSV that have fewer cells than its header (some of QQP's official ones).
    ///
    /// @param say is told how many, and the lines of the first
    /// @throws Failure if more than [#BROKEN] and more than one in [#BROKEN_SHARE] are: then the separators are at fault, not some rows
    public static TableFile complete(Path file, Consumer<String> say) {
        String text = text(file);
        if (format(file.toString(), text) != Format.TSV) {
            return read(file);
        }
        TableFile table = new TableFile(file.toString());
        List<Integer> broken = new ArrayList<>();
        int[] line = {1};
        table.readTsv(text, cells -> {
            line[0]++;
            if (cells.size() < table.header.size()) {
                broken.add(line[0]);
                return null;
            }
            return cells;
        });
        if (broken.isEmpty()) {
            return table;
        }
        List<String> first = broken.subList(0, Math.min(BROKEN, broken.size())).stream().map(String::valueOf).toList();
        String which = broken.size() + (broken.size() == 1 ? " row lacks a column, line " : " rows lack a column, lines ")
                + String.join(", ", first) + (first.size() < broken.size() ? ", ..." : "");
        int rows = line[0] - 1;
        if (broken.size() > Math.max(BROKEN, rows / BROKEN_SHARE)) {
            throw Failure.of(file + ": of " + rows + " rows " + which + "; the official file has three, check the separators of this one");
        }
        say.accept(file + ": " + which + "; left out");
        return table;
    }

    /// Reads a CSV without a header.
    public static TableFile csv(Path file, List<String> columns) {
        TableFile table = new TableFile(file.toString());
        table.header.addAll(columns);
        table.readCsv(text(file));
        return table;
    }

    private static String text(Path file) {
        try {
            return decode(file.toString(), Files.readAllBytes(file));
        } catch (IOException e) {
            throw Failure.reading(file, e);
        }
    }

    /// The same with columns under other names, where they are there.
    public TableFile renamed(Map<String, String> names) {
        TableFile table = new TableFile(name);
        header.forEach(column -> table.header.add(header.contains(names.getOrDefault(column, column)) ? column : names.get(column)));
        table.rows.addAll(rows);
        table.unit = unit;
        return table;
    }

    /// Reads a stream to its end; `name` is what messages call it.
    public static TableFile read(String name, InputStream in) {
        try {
            return parse(name, in.readAllBytes());
        } catch (IOException e) {
            throw Failure.of("cannot read " + name + ": " + Failure.reason(e), e);
        }
    }

    /// Reads bytes; `name` is what messages call them, and its extension says how they are read.
    public static TableFile parse(String name, byte[] bytes) {
        TableFile table = new TableFile(name);
        if (ParquetFile.begins(bytes) || name.toLowerCase(Locale.ROOT).endsWith(".parquet")) {
            table.readParquet(bytes);
        } else {
            String text = decode(name, bytes);
            switch (format(name, text)) {
                case TSV -> table.readTsv(text, cells -> cells);
                case CSV -> table.readCsv(text);
                case JSONL -> table.readJsonl(text);
            }
        }
        if (table.rows.isEmpty()) {
            throw Failure.of(name + " has no row below its header; give at least one");
        }
        return table;
    }

    /// The file, for messages.
    public String name() {
        return name;
    }

    /// The columns' names in their order.
    public List<String> header() {
        return Collections.unmodifiableList(header);
    }

    /// The number of rows.
    public int size() {
        return rows.size();
    }

    /// @param option names another column
    /// @throws Failure if a column is not there, listing those that are
    public void require(String column, String option) {
        if (!header.contains(column)) {
            throw Failure.of(name + " has no column " + column + "; it has " + String.join(", ", header) + ": name one with " + option);
        }
    }

    /// A cell.
    ///
    /// @param column one that is there
    /// @throws Failure if the row lacks it
    public String cell(int row, String column) {
        String cell = rows.get(row).cells.get(header.indexOf(column));
        if (cell == null) {
            throw Failure.of(at(row) + ": the row has no " + column + "; give every row one");
        }
        return cell;
    }

    /// A cell that holds text.
    ///
    /// @throws Failure if it is empty or blank, or no Unicode text (JSON's escapes can write what UTF-8 cannot)
    public String text(int row, String column) {
        String text = cell(row, column);
        if (text.isBlank()) {
            throw Failure.of(at(row) + ": the column " + column + " is empty; give every row a text, or leave the row out");
        }
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw Failure.of(at(row) + ": the column " + column + " holds half of a character (an unpaired surrogate); write it whole");
        }
        return text;
    }

    /// The line of its file on which a row begins, of Parquet the row's number, from 1.
    public int line(int row) {
        return rows.get(row).line;
    }

    /// File and line of a row, for messages.
    public String at(int row) {
        return name + ", " + unit + " " + line(row);
    }

    /// The rows as examples, without labels.
    ///
    /// @throws Failure if a column is not there, or a text missing or empty
    public List<Example> examples(Columns columns) {
        columns.text().forEach(text -> require(text, "--text"));
        List<Example> examples = new ArrayList<>();
        for (int row = 0; row < size(); row++) {
            examples.add(Example.unlabelled(line(row), text(row, columns.text().getFirst()), second(row, columns)));
        }
        return examples;
    }

    /// The rows as examples with their labels.
    ///
    /// @throws Failure if a column is not there, a text missing or empty, or a label unknown
    public List<Example> examples(Columns columns, Labels labels) {
        columns.text().forEach(text -> require(text, "--text"));
        require(columns.label(), "--label");
        List<Example> examples = new ArrayList<>();
        for (int row = 0; row < size(); row++) {
            String text = text(row, columns.text().getFirst());
            examples.add(labels.regression()
                    ? new Example(line(row), text, second(row, columns), -1, labels.target(this, row, columns.label()))
                    : new Example(line(row), text, second(row, columns), labels.index(this, row, columns.label()), Double.NaN));
        }
        return examples;
    }

    private String second(int row, Columns columns) {
        return columns.text().size() == 1 ? null : text(row, columns.text().get(1));
    }

    private static Format format(String name, String text) {
        String lower = name.toLowerCase(Locale.ROOT);
        for (Format format : Format.values()) {
            if (lower.endsWith("." + format.name().toLowerCase(Locale.ROOT))) {
                return format;
            }
        }
        int end = text.indexOf('\n');
        String first = end < 0 ? text : text.substring(0, end);
        if (first.startsWith("{")) {
            return Format.JSONL;
        }
        return first.indexOf('\t') >= 0 || first.indexOf(',') < 0 ? Format.TSV : Format.CSV;
    }

    private static String decode(String name, byte[] bytes) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length);
        CoderResult result = decoder.decode(in, out, true);
        if (result.isError()) {
            int line = 1;
            for (int i = 0; i < in.position(); i++) {
                line += bytes[i] == '\n' ? 1 : 0;
            }
            throw Failure.of(name + ", line " + line + ": byte " + String.format("0x%02X", bytes[in.position()])
                    + " is not UTF-8; save the file as UTF-8");
        }
        String text = out.flip().toString();
        return text.startsWith("\uFEFF") ? text.substring(1) : text;
    }

    /// The lines without their ends and without the blank ones at the end of the file.
    private List<String> lines(String text) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        while (start < text.length()) {
            int end = text.indexOf('\n', start);
            end = end < 0 ? text.length() : end;
            lines.add(text.substring(start, end > start && text.charAt(end - 1) == '\r' ? end - 1 : end));
            start = end + 1;
        }
        while (!lines.isEmpty() && lines.getLast().isEmpty()) {
            lines.removeLast();
        }
        if (lines.isEmpty()) {
            throw Failure.of(name + " is empty; give a header and rows");
        }
        return lines;
    }

    /// @param mend what becomes of a row's cells; null leaves it out
    private void readTsv(String text, UnaryOperator<List<String>> mend) {
        List<String> lines = lines(text);
        readHeader(Arrays.asList(lines.getFirst().split("\t", -1)));
        for (int i = 1; i < lines.size(); i++) {
            List<String> cells = mend.apply(Arrays.asList(lines.get(i).split("\t", -1)));
            if (cells != null) {
                addRow(i + 1, cells);
            }
        }
    }

    private void readCsv(String text) {
        CSVFormat format = CSVFormat.RFC4180.builder().setIgnoreEmptyLines(false).get();
        int line = 1;
        // Blank lines count as broken rows only once another row follows.
        Row blank = null;
        try (CSVParser parser = CSVParser.builder().setCharSequence(text).setFormat(format).get()) {
            for (CSVRecord record : parser) {
                List<String> cells = record.toList();
                if (header.isEmpty()) {
                    readHeader(cells);
                } else if (cells.size() == 1 && cells.getFirst().isEmpty()) {
                    blank = blank == null ? new Row(line, cells) : blank;
                } else {
                    if (blank != null) {
                        throw blankRow(blank.line);
                    }
                    addRow(line, cells);
                }
                line = (int) parser.getCurrentLineNumber() + 1;
            }
        } catch (IOException | UncheckedIOException e) {
            throw Failure.of(name + ", line " + line + ": the quotes of this row do not close as RFC 4180 asks; double a quote"
                    + " within a quoted text", e);
        }
        if (header.isEmpty()) {
            throw Failure.of(name + " is empty; give a header and rows");
        }
    }

    private void readJsonl(String text) {
        List<String> lines = lines(text);
        for (int i = 0; i < lines.size(); i++) {
            JsonNode object = parseLine(i + 1, lines.get(i));
            if (i == 0) {
                List<String> names = new ArrayList<>();
                object.fieldNames().forEachRemaining(names::add);
                readHeader(names);
            }
            String[] cells = new String[header.size()];
            for (Map.Entry<String, JsonNode> field : object.properties()) {
                int column = header.indexOf(field.getKey());
                if (column < 0) {
                    // A column that the first row lacks: the rows before have none.
                    header.add(field.getKey());
                    column = cells.length;
                    cells = Arrays.copyOf(cells, column + 1);
                }
                cells[column] = field.getValue().isNull() ? null : field.getValue().isValueNode() ? field.getValue().asText()
                        : field.getValue().toString();
            }
            rows.add(new Row(i + 1, Arrays.asList(cells)));
        }
        rows.replaceAll(row -> new Row(row.line, Arrays.asList(row.cells.toArray(new String[header.size()]))));
    }

    private void readParquet(byte[] bytes) {
        unit = "row";
        List<String> names = new ArrayList<>();
        List<String[]> cells = ParquetFile.read(name, bytes, names);
        if (new HashSet<>(names).size() != names.size()) {
            throw Failure.of(name + ": a column is named twice: " + String.join(", ", names) + "; give each its own name");
        }
        header.addAll(names);
        for (int row = 0; row < cells.size(); row++) {
            rows.add(new Row(row + 1, Arrays.asList(cells.get(row))));
        }
    }

    private JsonNode parseLine(int line, String text) {
        try {
            JsonNode node = text.isBlank() ? null : JSON.readTree(text);
            if (node == null) {
                throw blankRow(line);
            }
            if (!node.isObject()) {
                throw Failure.of(name + ", line " + line + ": the row is no JSON object; write one object a line");
            }
            return node;
        } catch (JacksonException e) {
            throw Failure.of(name + ", line " + line + ": the row is not valid JSON: " + e.getOriginalMessage(), e);
        }
    }

    private void readHeader(List<String> names) {
        if (new HashSet<>(names).size() != names.size()) {
            throw Failure.of(name + ", line 1: a column is named twice: " + String.join(", ", names) + "; give each its own name");
        }
        header.addAll(names);
    }

    private void addRow(int line, List<String> cells) {
        if (cells.size() == 1 && cells.getFirst().isBlank()) {
            throw blankRow(line);
        }
        if (cells.size() != header.size()) {
            throw Failure.of(name + ", line " + line + ": the row has " + cells.size() + " cells, the header " + header.size()
                    + "; check the separators of this row");
        }
        rows.add(new Row(line, cells));
    }

    private Failure blankRow(int line) {
        return Failure.of(name + ", line " + line + ": the row is blank; leave it out");
    }
}
