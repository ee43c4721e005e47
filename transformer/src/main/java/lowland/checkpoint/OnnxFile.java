package lowland.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lowland.Failure;

/// The weights and the nodes of an ONNX graph, read from protocol-buffer bytes (`onnx.proto3`: ModelProto.graph = 7;
/// GraphProto.node = 1, .initializer = 5; NodeProto and TensorProto as in the code). Everything else is skipped.
///
/// A protocol buffer is a run of fields, each a key (number·8 + wire type) and a value: a varint (0), eight bytes (1),
/// a length and so many bytes (2), or four bytes (5). Every length is held against the bytes that are left before
/// anything is allocated, values stay in the file's bytes until asked for, and the number of things is limited, so a
/// damaged file costs little more memory than its own size.
public final class OnnxFile {
    private static final int VARINT = 0;
    private static final int EIGHT_BYTES = 1;
    private static final int BYTES = 2;
    private static final int FOUR_BYTES = 5;

    /// Nodes, names, tensors and extents of one file, all together; exported models have some thousands.
    private static final int MOST_THINGS = 1 << 20;

    private static final int FLOAT = 1;
    private static final int INT64 = 7;

    private final String source;
    private final Map<String, Initializer> initializers = new LinkedHashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private int things;

    /// An operation of the graph.
    public record Node(String name, String operation, List<String> inputs, List<String> outputs) {}

    private OnnxFile(String source, byte[] bytes) {
        this.source = source;
        boolean graph = false;
        Fields model = new Fields(bytes, 0, bytes.length);
        while (model.next()) {
            if (model.is(7, BYTES)) {
                readGraph(model.message());
                graph = true;
            } else {
                model.skip();
            }
        }
        if (!graph) {
            throw Failure.of(source + " holds no ONNX graph in its " + bytes.length + " bytes; it is truncated or not an ONNX file");
        }
    }

    /// Reads the bytes of a whole file; `source` names it in messages. The bytes are kept, not copied.
    ///
    /// @throws Failure naming the file and the offset where it stops making sense
    public static OnnxFile parse(String source, byte[] bytes) {
        return new OnnxFile(source, bytes);
    }

    /// The file, for messages.
    public String source() {
        return source;
    }

    /// The graph's stored tensors by name, in the file's order.
    public Map<String, Initializer> initializers() {
        return Collections.unmodifiableMap(initializers);
    }

    /// The graph's nodes in the file's order.
    public List<Node> nodes() {
        return Collections.unmodifiableList(nodes);
    }

    private void readGraph(Fields graph) {
        while (graph.next()) {
            int start = graph.position;
            if (graph.is(1, BYTES)) {
                count(start);
                nodes.add(readNode(graph.message()));
            } else if (graph.is(5, BYTES)) {
                count(start);
                Initializer tensor = new Initializer(graph.message());
                if (initializers.put(tensor.name, tensor) != null) {
                    throw broken(start, "the tensor " + tensor.name + " is there twice");
                }
            } else {
                graph.skip();
            }
        }
    }

    private Node readNode(Fields node) {
        String name = "";
        String operation = "";
        List<String> inputs = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        while (node.next()) {
            if (node.is(1, BYTES)) {
                count(node.position);
                inputs.add(node.text());
            } else if (node.is(2, BYTES)) {
                count(node.position);
                outputs.add(node.text());
            } else if (node.is(3, BYTES)) {
                name = node.text();
            } else if (node.is(4, BYTES)) {
                operation = node.text();
            } else {
                node.skip();
            }
        }
        return new Node(name, operation, List.copyOf(inputs), List.copyOf(outputs));
    }

    private void count(int offset) {
        if (++things > MOST_THINGS) {
            throw broken(offset, "more than " + MOST_THINGS + " nodes, names and extents");
        }
    }

    private Failure broken(int offset, String what) {
        return Failure.of(source + ", byte " + offset + ": " + what + "; the file is truncated or damaged: fetch it again");
    }

    /// A stored tensor: its values stay in the file's bytes until they are asked for.
    public final class Initializer {
        private final int start;
        private String name = "";
        private long type;
        private final List<Long> dims = new ArrayList<>();
        private boolean elsewhere;
        private ByteBuffer raw;
        private ByteBuffer floats = ByteBuffer.allocate(0);
        private ByteBuffer varints = ByteBuffer.allocate(0);

        private Initializer(Fields tensor) {
            start = tensor.position;
            while (tensor.next()) {
                if (tensor.is(1, BYTES)) {
                    Fields packed = tensor.message();
                    while (packed.position < packed.end) {
                        extent(packed);
                    }
                } else if (tensor.is(1, VARINT)) {
                    extent(tensor);
                } else if (tensor.is(2, VARINT)) {
                    type = tensor.varint();
                } else if (tensor.is(4, BYTES)) {
                    floats = tensor.bytes();
                } else if (tensor.is(7, BYTES)) {
                    varints = tensor.bytes();
                } else if (tensor.is(8, BYTES)) {
                    name = tensor.text();
                } else if (tensor.is(9, BYTES)) {
                    raw = tensor.bytes();
                } else if (tensor.is(14, VARINT)) {
                    elsewhere = tensor.varint() != 0;
                } else {
                    tensor.skip();
                }
            }
        }

        private void extent(Fields from) {
            count(from.position);
            dims.add(from.varint());
        }

        public String name() {
            return name;
        }

        /// The extents.
        ///
        /// @throws Failure if one is negative or too large for an array
        public int[] shape() {
            int[] shape = new int[dims.size()];
            for (int i = 0; i < shape.length; i++) {
                long extent = dims.get(i);
                if (extent < 0 || extent > Integer.MAX_VALUE) {
                    throw broken(start, "the tensor " + name + " has an extent of " + extent);
                }
                shape[i] = (int) extent;
            }
            return shape;
        }

        /// The values of a FLOAT tensor.
        ///
        /// @throws Failure if it holds another type or not as many values as its shape says
        public Tensor tensor() {
            int[] shape = shape();
            int size = size(shape, FLOAT, "FLOAT");
            ByteBuffer stored = raw == null ? floats : raw;
            if (stored.remaining() != 4L * size) {
                throw broken(start, "the tensor " + name + " has " + stored.remaining() + " bytes, " + 4L * size + " expected");
            }
            float[] data = new float[size];
            stored.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(data);
            return new Tensor(shape, data);
        }

        /// The values of an INT64 tensor in row-major order.
        ///
        /// @throws Failure if it holds another type or not as many values as its shape says
        public long[] longs() {
            int size = size(shape(), INT64, "INT64");
            // A varint takes at least one byte, so a false size is seen before it is allocated.
            if (raw == null ? varints.remaining() < size : raw.remaining() != 8L * size) {
                throw broken(start, "the tensor " + name + " has too few or too many bytes for " + size + " values");
            }
            long[] data = new long[size];
            if (raw != null) {
                raw.duplicate().order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(data);
                return data;
            }
            int offset = varints.arrayOffset();
            Fields packed = new Fields(varints.array(), offset, offset + varints.remaining());
            for (int i = 0; i < size; i++) {
                data[i] = packed.varint();
            }
            if (packed.position != packed.end) {
                throw broken(packed.position, "the tensor " + name + " has more than " + size + " values");
            }
            return data;
        }

        private int size(int[] shape, int expected, String typeName) {
            if (elsewhere) {
                throw broken(start, "the values of the tensor " + name + " lie in another file, which is not supported");
            }
            if (type != expected) {
                throw broken(start, "the tensor " + name + " is of ONNX type " + type + ", " + expected + " (" + typeName + ") expected");
            }
            long size = 1;
            for (int extent : shape) {
                size = extent == 0 ? 0 : size * extent;
                if (size > Integer.MAX_VALUE / 8) {
                    throw broken(start, "the tensor " + name + " is too large");
                }
            }
            return (int) size;
        }
    }

    /// The fields of one message, in their order: `next()`, then exactly one of the methods that take the value.
    private final class Fields {
        private final byte[] bytes;
        private final int end;
        private int position;
        private int number;
        private int wire;

        Fields(byte[] bytes, int start, int end) {
            this.bytes = bytes;
            this.position = start;
            this.end = end;
        }

        boolean next() {
            if (position == end) {
                return false;
            }
            int at = position;
            long key = varint();
            number = (int) (key >>> 3);
            wire = (int) (key & 7);
            if (key >>> 3 == 0 || key >>> 3 > 0x1FFFFFFF) {
                throw broken(at, "no field has the number " + Long.toUnsignedString(key >>> 3));
            }
            return true;
        }

        boolean is(int field, int type) {
            return number == field && wire == type;
        }

        long varint() {
            int at = position;
            long value = 0;
            for (int shift = 0; shift < 64; shift += 7) {
                if (position == end) {
                    throw broken(at, "the file ends within a number");
                }
                byte b = bytes[position++];
                value |= (long) (b & 0x7F) << shift;
                if (b >= 0) {
                    return value;
                }
            }
            throw broken(at, "a number is longer than ten bytes");
        }

        Fields message() {
            int length = length();
            int start = position;
            position += length;
            return new Fields(bytes, start, position);
        }

        ByteBuffer bytes() {
            int length = length();
            position += length;
            return ByteBuffer.wrap(bytes, position - length, length).slice();
        }

        private void skip(int size) {
            if (end - position < size) {
                throw broken(position, "the file ends within a value of " + size + " bytes");
            }
            position += size;
        }

        String text() {
            int at = position;
            try {
                return StandardCharsets.UTF_8.newDecoder().decode(bytes()).toString();
            } catch (CharacterCodingException e) {
                throw broken(at, "a name is not UTF-8");
            }
        }

        void skip() {
            switch (wire) {
                case VARINT -> varint();
                case EIGHT_BYTES -> skip(8);
                case BYTES -> skip(length());
                case FOUR_BYTES -> skip(4);
                default -> throw broken(position, "a field has the wire type " + wire + ", which ONNX does not use");
            }
        }

        private int length() {
            int at = position;
            long length = varint();
            if (length < 0 || length > end - position) {
                throw broken(at, "a field of " + Long.toUnsignedString(length) + " bytes where " + (end - position) + " are left");
            }
            return (int) length;
        }
    }
}
