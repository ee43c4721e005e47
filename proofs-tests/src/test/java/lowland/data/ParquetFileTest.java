package lowland.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Stream;
import lowland.Failure;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.DictionaryPageHeader;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Type;
import org.apache.parquet.format.Util;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Parquet as pyarrow writes it, and damaged and hostile files: each ends in one line, in bounded time and memory.
class ParquetFileTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    /// Bytes that reading a small file may take, whatever it claims.
    private static final long MEMORY = 200L << 20;

    @TempDir
    Path folder;

    private static Path golden(String name) throws Exception {
        return Path.of(ParquetFileTest.class.getResource("/golden/parquet").toURI()).resolve(name);
    }

    private static List<Path> packings() throws Exception {
        try (Stream<Path> files = Files.list(golden("."))) {
            return files.filter(file -> file.getFileName().toString().matches(".+-v[12]-.+\\.parquet")).sorted().toList();
        }
    }

    @Test
    void everyPackingHoldsTheSameRows() throws Exception {
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(golden("rows.jsonl"))) {
            rows.add(JSON.readTree(line));
        }
        assertEquals(16, packings().size());
        for (Path file : packings()) {
            TableFile table = TableFile.read(file);
            List<String> names = new ArrayList<>();
            rows.getFirst().fieldNames().forEachRemaining(names::add);
            assertEquals(names, table.header(), file.toString());
            assertEquals(rows.size(), table.size());
            for (int row = 0; row < rows.size(); row++) {
                for (String name : names) {
                    JsonNode expected = rows.get(row).get(name);
                    int at = row;
                    if (expected.isNull()) {
                        String message = assertThrows(Failure.class, () -> table.cell(at, name)).getMessage();
                        assertTrue(message.contains(file + ", row " + (row + 1) + ": the row has no " + name), message);
                    } else if (name.equals("single")) {
                        assertEquals((float) expected.asDouble(), Float.parseFloat(table.cell(row, name)));
                    } else if (expected.isDouble()) {
                        assertEquals(expected.asDouble(), Double.parseDouble(table.cell(row, name)));
                    } else {
                        assertEquals(expected.asText(), table.cell(row, name), file + " " + row + " " + name);
                    }
                }
            }
        }
    }

    @Test
    void gluesTasksAreReadAsTheHubHasThem() throws Exception {
        DataSet cola = Glue.of("glue/cola").read(golden("cola"), _ -> {});
        assertEquals(List.of("train-00000-of-00002 says 0.", "train-00000-of-00002 says 1.", "train-00000-of-00002 says 2.",
                "train-00001-of-00002 says 0.", "train-00001-of-00002 says 1."), cola.train().stream().map(Example::text).toList());
        assertEquals(List.of(0, 1, 0, 0, 1), cola.train().stream().map(Example::label).toList());
        assertEquals(2, cola.dev().size());
        DataSet stsb = Glue.of("glue/stsb").read(golden("stsb"), _ -> {});
        assertEquals(new Example(1, "A plane.", "An air plane.", -1, 5), stsb.train().getFirst());
        assertEquals(3.8, stsb.dev().get(1).target());
    }

    @Test
    void aMissingShardIsNamed() throws Exception {
        for (String name : List.of("train-00001-of-00002", "validation-00000-of-00001")) {
            Files.copy(golden("cola").resolve(name + ".parquet"), folder.resolve(name + ".parquet"));
        }
        Glue cola = Glue.of("glue/cola");
        String missing = assertThrows(Failure.class, () -> cola.read(folder, _ -> {})).getMessage();
        assertTrue(missing.contains("lacks train-00000-of-00002.parquet"), missing);
        Files.copy(golden("cola").resolve("train-00000-of-00002.parquet"), folder.resolve("train-00000-of-00002.parquet"));
        assertEquals(5, cola.read(folder, _ -> {}).train().size());
        Files.copy(golden("cola").resolve("train-00000-of-00002.parquet"), folder.resolve("train-00002-of-00003.parquet"));
        String two = assertThrows(Failure.class, () -> cola.read(folder, _ -> {})).getMessage();
        assertTrue(two.contains("two different splits"), two);
    }

    @Test
    void formsThatAreNotReadAreNamed() throws Exception {
        for (String[] form : new String[][] {{"brotli", "BROTLI"}, {"delta", "DELTA_BINARY_PACKED"}}) {
            String message = assertThrows(Failure.class, () -> TableFile.read(golden(form[0] + ".parquet"))).getMessage();
            assertTrue(message.contains(form[1]) && message.contains("not read"), message);
        }
    }

    /// Reads bytes as a file; it may be read or refused, in bounded time and memory, and in no third way.
    ///
    /// @return what was said, null where it was read
    private static String survives(String what, byte[] bytes) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            long before = threads.getCurrentThreadAllocatedBytes();
            String said = null;
            try {
                TableFile.parse("file.parquet", bytes);
            } catch (Failure e) {
                said = e.getMessage();
                assertEquals(1, e.exitCode());
                assertEquals(1, said.lines().count(), said);
                assertTrue(said.startsWith("file.parquet"), said);
            }
            long taken = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(taken < MEMORY, what + ": " + taken + " bytes: " + said);
            return said;
        }, what);
    }

    @Test
    void aFileThatEndsEarlyIsDamaged() throws Exception {
        for (Path file : packings()) {
            byte[] whole = Files.readAllBytes(file);
            for (int length = 0; length < whole.length; length += length < 16 || length > whole.length - 16 ? 1 : 97) {
                String said = survives(file + " cut to " + length, Arrays.copyOf(whole, length));
                assertTrue(said != null && said.contains("is a damaged Parquet file"), file + " " + length + ": " + said);
            }
        }
    }

    @Test
    void flippedBytesAreReadOrRefused() throws Exception {
        int refused = 0;
        SplittableRandom random = new SplittableRandom(7);
        List<Path> files = packings();
        for (int i = 0; i < 4_000; i++) {
            Path file = files.get(i % files.size());
            byte[] bytes = Files.readAllBytes(file);
            int footer = bytes.length - 8 - ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(bytes.length - 8);
            int flips = 1 + random.nextInt(3);
            TreeSet<Integer> at = new TreeSet<>();
            for (int flip = 0; flip < flips; flip++) {
                // Half of them in the footer, where sizes and places are.
                int place = random.nextBoolean() ? random.nextInt(footer, bytes.length) : random.nextInt(bytes.length);
                at.add(place);
                bytes[place] = (byte) (random.nextInt(4) == 0 ? 0xff : random.nextInt(256));
            }
            refused += survives(file + " flipped at " + at + " (" + i + ")", bytes) == null ? 0 : 1;
        }
        assertTrue(refused > 1_000, "refused: " + refused);
    }

    /// What a file of one column is made of, each number a lie on demand.
    private static final class Lie {
        long rows = 4;
        long values = 4;
        long at = 4;
        Long size;
        int pageValues = 4;
        Integer pageSize;
        Integer unpacked;
        int dictionaryValues = 1;
        byte[] runs = {0, 4 << 1};
        int groups = 1;
        Integer children;
        int depth;
        CompressionCodec codec = CompressionCodec.UNCOMPRESSED;
        Integer footer;

        byte[] file() throws IOException {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.write("PAR1".getBytes(StandardCharsets.US_ASCII));
            byte[] dictionary = {3, 0, 0, 0, 'a', 'b', 'c'};
            PageHeader header = new PageHeader(PageType.DICTIONARY_PAGE, dictionary.length, dictionary.length);
            header.setDictionary_page_header(new DictionaryPageHeader(dictionaryValues, Encoding.PLAIN));
            Util.writePageHeader(header, out);
            out.write(dictionary);
            PageHeader data = new PageHeader(PageType.DATA_PAGE, unpacked == null ? runs.length : unpacked,
                    pageSize == null ? runs.length : pageSize);
            data.setData_page_header(new DataPageHeader(pageValues, Encoding.RLE_DICTIONARY, Encoding.RLE, Encoding.RLE));
            Util.writePageHeader(data, out);
            out.write(runs);
            List<SchemaElement> schema = new ArrayList<>();
            schema.add(new SchemaElement("root").setNum_children(children == null ? 1 : children));
            for (int i = 0; i < depth; i++) {
                schema.add(new SchemaElement("nested").setNum_children(1).setRepetition_type(FieldRepetitionType.REQUIRED));
            }
            schema.add(new SchemaElement("text").setType(Type.BYTE_ARRAY).setRepetition_type(FieldRepetitionType.REQUIRED));
            ColumnMetaData column = new ColumnMetaData(Type.BYTE_ARRAY, List.of(Encoding.RLE_DICTIONARY), List.of("text"), codec, values, 0,
                    size == null ? out.size() - 4 : size, at);
            column.setDictionary_page_offset(at);
            RowGroup group = new RowGroup(List.of(new ColumnChunk(0).setMeta_data(column)), 0, rows);
            List<RowGroup> all = new ArrayList<>();
            for (int i = 0; i < groups; i++) {
                all.add(group);
            }
            int start = out.size();
            Util.writeFileMetaData(new FileMetaData(1, schema, rows * groups, all), out);
            out.write(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(footer == null ? out.size() - start : footer).array());
            out.write("PAR1".getBytes(StandardCharsets.US_ASCII));
            return out.toByteArray();
        }
    }

    private interface Told {
        void in(Lie lie);
    }

    private static void refused(String expected, Told told) throws IOException {
        Lie lie = new Lie();
        told.in(lie);
        String said = survives(expected, lie.file());
        assertTrue(said != null && said.contains(expected), said);
    }

    @Test
    void sizesThatCannotBeAreRefusedBeforeMemoryIsTaken() throws Exception {
        assertEquals(List.of("abc", "abc", "abc", "abc"), cells(new Lie().file()));
        refused("footer is said to have", lie -> lie.footer = Integer.MAX_VALUE);
        refused("footer is said to have", lie -> lie.footer = -1);
        refused("rows, more than", lie -> lie.rows = lie.values = 1L << 40);
        refused("rows, more than", lie -> lie.rows = lie.values = -1);
        refused("is said to have 4 values in", lie -> lie.size = 1L << 62);
        refused("is said to have 4 values in", lie -> lie.size = -1L);
        refused("is said to have 4 values in", lie -> lie.at = Long.MAX_VALUE);
        refused("is said to have 4 values in", lie -> lie.at = 0);
        refused("is said to have 5 values in", lie -> lie.values = 5);
        refused("is said to have 4 values in", lie -> lie.groups = 2);
        refused("a page is said to have 5 values", lie -> lie.pageValues = 5);
        refused("a page is said to have -1 values", lie -> lie.pageValues = -1);
        refused("is said to have 2147483647 bytes", lie -> lie.pageSize = Integer.MAX_VALUE);
        refused("is said to have -1 bytes", lie -> lie.pageSize = -1);
        refused("bytes unpacked", lie -> lie.unpacked = Integer.MAX_VALUE);
        refused("bytes unpacked", lie -> lie.unpacked = -1);
        for (CompressionCodec codec : List.of(CompressionCodec.SNAPPY, CompressionCodec.GZIP, CompressionCodec.ZSTD)) {
            refused("is a damaged Parquet file", lie -> lie.codec = codec);
        }
        refused("a dictionary is said to have", lie -> lie.dictionaryValues = Integer.MAX_VALUE);
        refused("a dictionary is said to have", lie -> lie.dictionaryValues = -1);
        // A packed run of 2²⁹ groups of eight numbers; one of none; one of too many equal ones.
        refused("a run is said to have", lie -> lie.runs = new byte[] {1, -1, -1, -1, -1, 3});
        refused("a run is said to have", lie -> lie.runs = new byte[] {1, 1});
        refused("a run is said to have", lie -> lie.runs = new byte[] {1, 5 << 1, 0});
        refused("are said to have 33 bits", lie -> lie.runs = new byte[] {33, 4 << 1, 0});
        refused("do not fit together", lie -> lie.children = Integer.MAX_VALUE);
        refused("no column of texts", lie -> lie.children = -1);
        refused("is a damaged Parquet file", lie -> lie.depth = 200_000);
        // A footer that begins a list of fifty million structures; Thrift itself allows a hundred.
        String said = survives("list", new byte[] {'P', 'A', 'R', '1', 0x15, 2, 0x19, (byte) 0xfc, (byte) 0x80, (byte) 0xe1, (byte) 0xeb, 0x17,
            8, 0, 0, 0, 'P', 'A', 'R', '1'});
        assertTrue(said.contains("a list is said to have 50000000 elements"), said);
    }

    private static List<String> cells(byte[] bytes) {
        TableFile table = TableFile.parse("file.parquet", bytes);
        List<String> cells = new ArrayList<>();
        for (int row = 0; row < table.size(); row++) {
            cells.add(table.cell(row, "text"));
        }
        return cells;
    }
}
