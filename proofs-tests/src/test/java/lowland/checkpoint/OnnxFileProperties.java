package lowland.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import lowland.Failure;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class OnnxFileProperties {
    @Property(tries = 200)
    void tensorsAndNodesReadBack(@ForAll @Size(max = 20) float[] floats, @ForAll @Size(max = 20) long[] longs) {
        byte[] raw = raw(floats);
        Message packedLongs = new Message();
        for (long value : longs) {
            packedLongs.varint(value);
        }
        byte[] file = model(
                new Message().field(1, 0).varint(floats.length).field(2, 0).varint(1).bytes(9, raw).text(8, "raw"),
                new Message().bytes(1, new Message().varint(floats.length).varint(1).take()).field(2, 0).varint(1).bytes(4, raw).text(8, "packed"),
                new Message().field(1, 0).varint(longs.length).field(2, 0).varint(7).bytes(7, packedLongs.take()).text(8, "longs"));
        OnnxFile read = OnnxFile.parse("m.onnx", file);
        assertEquals(Tensor.vector(floats), read.initializers().get("raw").tensor());
        assertEquals(Tensor.matrix(floats.length, 1, floats), read.initializers().get("packed").tensor());
        assertArrayEquals(longs, read.initializers().get("longs").longs());
        assertThrows(Failure.class, () -> read.initializers().get("longs").tensor());
        assertThrows(Failure.class, () -> read.initializers().get("raw").longs());
        assertEquals(List.of(new OnnxFile.Node("n", "MatMul", List.of("x", "raw"), List.of("y"))), read.nodes());
    }

    @Example
    void aFileCutAnywhereFails() {
        byte[] whole = sample();
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            Failure failure = assertThrows(Failure.class, () -> touchAll(OnnxFile.parse("m.onnx", cut)), "cut to " + length);
            assertTrue(failure.getMessage().startsWith("m.onnx"), failure.getMessage());
        }
        touchAll(OnnxFile.parse("m.onnx", whole));
    }

    @Property(tries = 5000)
    void aDamagedFileIsReadOrRefused(@ForAll @IntRange(max = 10_000) int place, @ForAll byte value) {
        byte[] bytes = sample();
        bytes[place % bytes.length] = value;
        readOrRefuse(bytes);
    }

    @Property(tries = 2000)
    void randomBytesAreReadOrRefused(@ForAll @Size(max = 60) byte[] bytes) {
        readOrRefuse(bytes);
    }

    @Example
    void hostileSizesAreRefusedBeforeTheyAreAllocated() {
        refused(tensor(1, 1L << 40), "extent");
        refused(tensor(1, -1), "extent");
        refused(tensor(1, 1 << 20, 1 << 20, 1 << 20), "too large");
        refused(tensor(1, 200_000_000), "bytes");
        refused(tensor(7, 200_000_000), "values");
        refused(tensor(10, 1), "type");
        refused(model(new Message().text(8, "a"), new Message().text(8, "a")), "twice");
        refused(model(new Message().field(2, 0).varint(1).field(14, 0).varint(1)), "another file");
        refused(new Message().field(7, 2).varint(Long.MAX_VALUE).take(), "left");
        refused(new Message().field(7, 2).varint(-1).take(), "left");
        refused(new Message().field(1, 3).take(), "wire type 3");
        refused(new byte[] {0}, "number 0");
        byte[] endless = new byte[20];
        Arrays.fill(endless, (byte) 0x80);
        refused(endless, "ten bytes");
        refused(model(new Message().bytes(8, new byte[] {(byte) 0xFF})), "UTF-8");
        Message crowd = new Message();
        for (int i = 0; i < 1_100_000; i++) {
            crowd.bytes(1, new byte[0]);
        }
        refused(new Message().bytes(7, crowd.take()).take(), "more than");
    }

    private static void refused(byte[] bytes, String why) {
        Failure failure = assertThrows(Failure.class, () -> touchAll(OnnxFile.parse("m.onnx", bytes)), why);
        assertTrue(failure.getMessage().contains(why), failure.getMessage());
    }

    private static void readOrRefuse(byte[] bytes) {
        try {
            touchAll(OnnxFile.parse("m.onnx", bytes));
        } catch (Failure expected) {
            assertTrue(expected.getMessage().startsWith("m.onnx"), expected.getMessage());
        }
    }

    private static void touchAll(OnnxFile file) {
        for (OnnxFile.Initializer tensor : file.initializers().values()) {
            if (tensor.name().startsWith("long")) {
                tensor.longs();
            } else {
                tensor.tensor();
            }
        }
    }

    private static byte[] tensor(int type, long... dims) {
        Message tensor = new Message().field(2, 0).varint(type).text(8, type == 7 ? "longs" : "t");
        for (long dim : dims) {
            tensor.field(1, 0).varint(dim);
        }
        return model(tensor);
    }

    private static byte[] sample() {
        return model(
                new Message().field(1, 0).varint(3).field(2, 0).varint(1).bytes(9, raw(1, 2, 3)).text(8, "raw"),
                new Message().field(1, 0).varint(2).field(2, 0).varint(1).bytes(4, raw(4, 5)).text(8, "packed"),
                new Message().field(1, 0).varint(2).field(2, 0).varint(7).bytes(7, new byte[] {1, 2}).text(8, "longs"));
    }

    private static byte[] model(Message... tensors) {
        Message node = new Message().text(1, "x").text(1, "raw").text(2, "y").text(3, "n").text(4, "MatMul");
        Message graph = new Message().text(2, "graph").bytes(1, node.take());
        for (Message tensor : tensors) {
            graph.bytes(5, tensor.take());
        }
        return new Message().field(1, 0).varint(8).field(3, 5).raw(new byte[4]).field(4, 1).raw(new byte[8]).bytes(7, graph.take()).take();
    }

    private static byte[] raw(float... floats) {
        ByteBuffer raw = ByteBuffer.allocate(4 * floats.length).order(ByteOrder.LITTLE_ENDIAN);
        raw.asFloatBuffer().put(floats);
        return raw.array();
    }

    /// Writes protocol-buffer fields.
    private static final class Message {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Message field(int number, int wire) {
            return varint((long) number << 3 | wire);
        }

        Message varint(long value) {
            while ((value & ~0x7FL) != 0) {
                out.write((int) (value & 0x7F | 0x80));
                value >>>= 7;
            }
            out.write((int) value);
            return this;
        }

        Message raw(byte[] bytes) {
            out.writeBytes(bytes);
            return this;
        }

        Message bytes(int number, byte[] bytes) {
            return field(number, 2).varint(bytes.length).raw(bytes);
        }

        Message text(int number, String text) {
            return bytes(number, text.getBytes(StandardCharsets.UTF_8));
        }

        byte[] take() {
            return out.toByteArray();
        }
    }
}
