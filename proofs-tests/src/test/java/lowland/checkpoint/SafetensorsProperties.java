package lowland.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import lowland.Failure;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;

class SafetensorsProperties {
    private static final Path FOLDER = temporary();
    private static final Path FILE = FOLDER.resolve("model.safetensors");

    private static final byte[] SMALL = smallFile();

    private static byte[] smallFile() {
        try {
            Safetensors.write(FILE, small());
            return Files.readAllBytes(FILE);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Path temporary() {
        try {
            return Files.createTempDirectory("safetensors");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @AfterContainer
    static void removeFolder() throws IOException {
        Files.deleteIfExists(FILE);
        Files.delete(FOLDER);
    }

    @Property(tries = 200)
    void whatIsWrittenReadsBackBitForBit(@ForAll("tensors") Map<String, Tensor> tensors) throws IOException {
        Safetensors.write(FILE, tensors);
        Tensors read = Safetensors.read(FILE);
        assertEquals(tensors.keySet(), read.names());
        tensors.forEach((name, tensor) -> {
            assertArrayEquals(tensor.shape(), read.byName().get(name).shape());
            for (int i = 0; i < tensor.data().length; i++) {
                assertEquals(Float.floatToRawIntBits(tensor.data()[i]), Float.floatToRawIntBits(read.byName().get(name).data()[i]));
            }
        });
        byte[] bytes = Files.readAllBytes(FILE);
        assertEquals(0, ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8, "values are aligned");
    }

    @Provide
    Arbitrary<Map<String, Tensor>> tensors() {
        Arbitrary<int[]> shapes = Arbitraries.integers().between(0, 5).array(int[].class).ofMinSize(0).ofMaxSize(3);
        Arbitrary<Tensor> tensor = shapes.flatMap(shape -> {
            int size = 1;
            for (int extent : shape) {
                size *= extent;
            }
            return Arbitraries.integers().map(Float::intBitsToFloat).array(Float[].class).ofSize(size).map(values -> {
                float[] data = new float[values.length];
                for (int i = 0; i < data.length; i++) {
                    data[i] = values[i];
                }
                return new Tensor(shape, data);
            });
        });
        Arbitrary<String> names = Arbitraries.strings().withChars("ab.é\"\\ 😀").ofMinLength(1).ofMaxLength(8)
                .filter(name -> StandardCharsets.UTF_8.newEncoder().canEncode(name));
        return Arbitraries.maps(names, tensor).ofMaxSize(5);
    }

    @Example
    void aFileCutAnywhereFails() throws IOException {
        byte[] whole = SMALL;
        for (int length = 0; length < whole.length; length++) {
            Files.write(FILE, Arrays.copyOf(whole, length));
            Failure failure = assertThrows(Failure.class, () -> Safetensors.read(FILE), "cut to " + length);
            assertTrue(failure.getMessage().contains("model.safetensors"), failure.getMessage());
        }
        Files.write(FILE, Arrays.copyOf(whole, whole.length + 1));
        assertThrows(Failure.class, () -> Safetensors.read(FILE), "one byte more");
    }

    @Property(tries = 2000)
    void aDamagedFileIsReadOrRefused(@ForAll @IntRange(max = 10_000) int place, @ForAll byte value) throws IOException {
        byte[] bytes = SMALL.clone();
        bytes[place % bytes.length] = value;
        Files.write(FILE, bytes);
        try {
            Safetensors.read(FILE);
        } catch (Failure expected) {
            assertTrue(expected.getMessage().lines().count() == 1, expected.getMessage());
        }
    }

    @Example
    void hostileHeadersAreRefused() throws IOException {
        String f = "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\"";
        refused("{\"a\":{" + f + ":[0,4]},\"a\":{" + f + ":[4,8]}}", 8, "uplicate");
        refused("{\"a\":{" + f + ":[0,4]},\"b\":{" + f + ":[0,4]}}", 4, "overlaps");
        refused("{\"a\":{" + f + ":[0,4]},\"b\":{" + f + ":[5,9]}}", 9, "hole");
        refused("{\"a\":{" + f + ":[0,4]}}", 8, "stored");
        refused("{\"a\":{" + f + ":[4,0]}}", 4, "needs");
        refused("{\"a\":{" + f + ":[-4,0]}}", 4, "whole number");
        refused("{\"a\":{" + f + ":[0.0,4.0]}}", 4, "whole number");
        refused("{\"a\":{" + f + ":[0,99999999999999999999]}}", 4, "whole number");
        refused("{\"a\":{" + f + ":[9223372036854775803,9223372036854775807]}}", 4, "hole");
        refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,4],\"data_offsets\":[0,0]}}", 0, "beyond");
        refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "extent");
        refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1073741824,1073741824,4],\"data_offsets\":[0,0]}}", 0, "beyond");
        refused("{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "F33");
        refused("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "lacks");
        refused("{\"a\":7}", 0, "lacks");
        refused("{\"__metadata__\":{\"a\":7}}", 0, "texts");
        refused("{\"__metadata__\":[]}", 0, "object");
        refused("{} {}", 0, "JSON");
        refused("[]", 0, "begin with {");
        refused("{\"a\":" + "[".repeat(100_000) + "}", 0, "JSON");
        refused("{\"a\\ud800\":7", 0, "JSON");
        refused("{}".getBytes(StandardCharsets.UTF_16LE), 2, 0, "JSON");
        refused(new byte[] {'{', (byte) 0xFF, '}'}, 3, 0, "UTF-8");
        refused("{}".getBytes(StandardCharsets.US_ASCII), Long.MAX_VALUE, 0, "claims");
        refused("{}".getBytes(StandardCharsets.US_ASCII), -1, 0, "claims");
        refused("{}".getBytes(StandardCharsets.US_ASCII), 100_000_001, 0, "claims");
        assertThrows(Failure.class, () -> Safetensors.read(FOLDER));
        assertThrows(Failure.class, () -> Safetensors.read(FOLDER.resolve("missing")));
    }

    /// Elements of each type, from the second on.
    @Example
    void partsOfAllFloatTypesAreRead() throws IOException {
        ByteBuffer values = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        values.putDouble(1).putDouble(2.5).putDouble(3).putFloat(1).putFloat(2.5f).putFloat(3);
        for (int bits : new int[] {0x3C00, 0x4100, 0x4200, 0x3F80, 0x4020, 0x4040}) {
            values.putShort((short) bits);
        }
        String header = "{\"F64\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[0,24]},\"F32\":{\"dtype\":\"F32\",\"shape\":[3],"
                + "\"data_offsets\":[24,36]},\"F16\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[36,42]},"
                + "\"BF16\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[42,48]}}";
        write(header.getBytes(StandardCharsets.UTF_8), header.length(), Arrays.copyOf(values.array(), 48));
        try (Safetensors open = Safetensors.open(FILE)) {
            for (String type : open.names()) {
                assertEquals(Tensor.vector(1, 2.5f, 3), open.tensor(type), type);
                float[] part = {-1, -1, -1};
                open.read(type, 1, part, 2);
                assertEquals(Tensor.vector(2.5f, 3, -1), Tensor.vector(part), type);
            }
        }
    }

    @Example
    void allFloatTypesAreRead() throws IOException {
        ByteBuffer values = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        values.putDouble(0.1).putFloat(-0f).putShort((short) 0x3C01).putShort((short) 0x3F81).putLong(7).putShort((short) 0xFC00);
        int size = values.position();
        String header = "{\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},\"f\":{\"dtype\":\"F32\",\"shape\":[],"
                + "\"data_offsets\":[8,12]},\"h\":{\"dtype\":\"F16\",\"shape\":[1,1],\"data_offsets\":[12,14]},\"b\":{\"dtype\":\"BF16\","
                + "\"shape\":[1],\"data_offsets\":[14,16]},\"position_ids\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[16,24]},"
                + "\"i\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[24,26]}}";
        write(header.getBytes(StandardCharsets.UTF_8), header.length(), Arrays.copyOf(values.array(), size));
        Map<String, Tensor> expected = new LinkedHashMap<>();
        expected.put("d", Tensor.vector(0.1f));
        expected.put("f", new Tensor(new int[0], new float[] {-0f}));
        expected.put("h", Tensor.matrix(1, 1, 1 + 0x1p-10f));
        expected.put("b", Tensor.vector(1 + 0x1p-7f));
        expected.put("i", Tensor.vector(Float.NEGATIVE_INFINITY));
        assertEquals(expected, Safetensors.read(FILE).byName());
        try (Safetensors open = Safetensors.open(FILE)) {
            assertThrows(IndexOutOfBoundsException.class, () -> open.read("h", 1, new float[1], 1));
            assertEquals(6, open.names().size());
            assertThrows(Failure.class, () -> open.tensor("position_ids"));
            assertThrows(Failure.class, () -> open.tensor("absent"));
        }
        assertThrows(Failure.class, () -> Safetensors.read(FILE).get("i", 1), "infinity is no weight");
        assertThrows(Failure.class, () -> Safetensors.read(FILE).get("d", 1, 1), "another shape");

        byte[] huge = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(1e300).array();
        header = "{\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}";
        write(header.getBytes(StandardCharsets.UTF_8), header.length(), huge);
        assertThrows(Failure.class, () -> Safetensors.read(FILE), "beyond float");
    }

    private static Map<String, Tensor> small() {
        Map<String, Tensor> tensors = new HashMap<>();
        tensors.put("a.weight", Tensor.matrix(2, 3, 1, 2, 3, 4, 5, 6));
        tensors.put("b", Tensor.vector(7));
        tensors.put("c", new Tensor(new int[] {0, 3}, new float[0]));
        return tensors;
    }

    private static void refused(String header, int bytes, String why) throws IOException {
        refused(header.getBytes(Charset.forName("UTF-8")), header.length(), bytes, why);
    }

    private static void refused(byte[] header, long claimed, int bytes, String why) throws IOException {
        write(header, claimed, new byte[bytes]);
        Failure failure = assertThrows(Failure.class, () -> Safetensors.read(FILE), why);
        assertTrue(failure.getMessage().contains(why), failure.getMessage());
    }

    private static void write(byte[] header, long claimed, byte[] values) throws IOException {
        ByteBuffer file = ByteBuffer.allocate(8 + header.length + values.length).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(FILE, file.putLong(claimed).put(header).put(values).array());
    }
}
