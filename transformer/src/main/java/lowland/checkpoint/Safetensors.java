package lowland.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import lowland.Failure;

/// A safetensors file, memory-mapped: eight bytes (little endian) with the length n of a header, n bytes of JSON, the
/// values. The header maps each name to `dtype`, `shape` and `data_offsets` [begin, end) within the values, and may
/// hold texts under `__metadata__`.
///
/// A file is accepted only if its tensors cover the values exactly, without overlap or hole, and each is as long as its
/// shape and type say. Close it to unmap it.
public final class Safetensors implements AutoCloseable {
    private static final String METADATA = "__metadata__";
    /// The format's own limit.
    private static final long LONGEST_HEADER = 100_000_000;
    /// "version " as a number: how the small text begins that Git keeps in place of a large file.
    private static final long LFS_POINTER = 0x206e6f6973726576L;

    private final Path file;
    private final Arena arena = Arena.ofShared();
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Map<String, String> metadata = new TreeMap<>();
    private MemorySegment values;

    /// The format's element types; those that can be read as float say how.
    private enum Type {
        F64(8), F32(4), F16(2), BF16(2), I64(8), I32(4), I16(2), I8(1), U64(8), U32(4), U16(2), U8(1), BOOL(1), F8_E4M3(1), F8_E5M2(1);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }
    }

    private record Entry(Type type, int[] shape, long begin, long end) {}

    private Safetensors(Path file) {
        this.file = file;
    }

    /// Maps `file` and checks its header.
    ///
    /// @throws Failure if it is missing, truncated or contradicts itself
    public static Safetensors open(Path file) {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw Failure.of(file + " is not a file; name a .safetensors file");
        }
        Safetensors opened = new Safetensors(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            opened.readHeader(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), opened.arena));
            return opened;
        } catch (IOException e) {
            opened.close();
            throw Failure.reading(file, e);
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    /// All tensors of floating point in `file`, in its order. Integer tensors (older BERT files hold `position_ids`) are
    /// not weights and stay out.
    ///
    /// @throws Failure if the file is missing or damaged
    public static Tensors read(Path file) {
        try (Safetensors opened = open(file)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            opened.entries.forEach((name, entry) -> {
                if (isReal(entry.type)) {
                    tensors.put(name, opened.tensor(name));
                }
            });
            return new Tensors(file.toString(), tensors);
        }
    }

    /// Writes `tensors` as F32, sorted by name, with the metadata `format: pt` that Hugging Face's readers ask for.
    ///
    /// @throws Failure if it cannot be written; an old file stays as it was
    public static void write(Path file, Map<String, Tensor> tensors) {
        Map<String, int[]> shapes = new TreeMap<>();
        tensors.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        write(file, shapes, tensors::get);
    }

    /// The same, each tensor asked for when its turn comes, so that a large file never lies in memory whole.
    ///
    /// @param shapes what will be written
    public static void write(Path file, Map<String, int[]> shapes, Function<String, Tensor> tensors) {
        Map<String, int[]> sorted = new TreeMap<>(shapes);
        byte[] header = header(sorted);
        AtomicFile.write(file, out -> {
            out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).array());
            out.write(header);
            ByteBuffer block = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
            for (Map.Entry<String, int[]> named : sorted.entrySet()) {
                Tensor tensor = tensors.apply(named.getKey());
                if (!Arrays.equals(tensor.shape(), named.getValue())) {
                    throw new IllegalArgumentException(named.getKey() + " is " + tensor);
                }
                float[] data = tensor.data();
                for (int start = 0; start < data.length; start += block.capacity() / 4) {
                    int count = Math.min(block.capacity() / 4, data.length - start);
                    block.asFloatBuffer().put(data, start, count);
                    out.write(block.array(), 0, 4 * count);
                }
            }
        });
    }

    private static byte[] header(Map<String, int[]> sorted) {
        ObjectNode header = JsonFile.object();
        header.putObject(METADATA).put("format", "pt");
        long offset = 0;
        for (Map.Entry<String, int[]> named : sorted.entrySet()) {
            if (named.getKey().equals(METADATA)) {
                throw new IllegalArgumentException("no tensor can be named " + METADATA);
            }
            ObjectNode entry = header.putObject(named.getKey()).put("dtype", "F32");
            var shape = entry.putArray("shape");
            long end = 4;
            for (int extent : named.getValue()) {
                shape.add(extent);
                end *= extent;
            }
            end += offset;
            entry.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        // Spaces bring the values to a multiple of eight bytes.
        String json = header.toString();
        int length = json.getBytes(StandardCharsets.UTF_8).length;
        return (json + " ".repeat(-length & 7)).getBytes(StandardCharsets.UTF_8);
    }

    /// The names of all tensors, in the file's order.
    public Set<String> names() {
        return Collections.unmodifiableSet(entries.keySet());
    }

    /// The shape of a tensor of floating point, from the header alone; null where there is none of this name, or of another type.
    int[] shape(String name) {
        Entry entry = entries.get(name);
        return entry == null || !isReal(entry.type) ? null : entry.shape.clone();
    }

    /// The texts under `__metadata__`, sorted.
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    /// The values of a tensor as floats: F32 as it is, F16 and BF16 exactly, F64 rounded.
    ///
    /// @throws Failure if there is none of this name, or of another type, or a double beyond float's range
    public Tensor tensor(String name) {
        Entry entry = real(name);
        float[] data = new float[count(name, entry)];
        read(name, 0, data, data.length);
        return new Tensor(entry.shape, data);
    }

    private Entry real(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw Failure.of(file + " has no tensor " + name + "; take a complete checkpoint of this architecture");
        }
        if (!isReal(entry.type)) {
            throw broken(name + " is of type " + entry.type + "; weights are F32, F16, BF16 or F64");
        }
        return entry;
    }

    private int count(String name, Entry entry) {
        long count = (entry.end - entry.begin) / entry.type.bytes;
        if (count > Integer.MAX_VALUE - 8) {
            throw broken(name + " has " + count + " values, more than one array holds");
        }
        return (int) count;
    }

    /// Copies `count` of a tensor's values from the index `from` on to the beginning of an array, as [#tensor] gives them.
    ///
    /// @throws IndexOutOfBoundsException if it has fewer
    void read(String name, int from, float[] data, int count) {
        Entry entry = real(name);
        Objects.checkFromIndexSize(from, count, count(name, entry));
        MemorySegment stored = values.asSlice(entry.begin + (long) from * entry.type.bytes, (long) count * entry.type.bytes);
        switch (entry.type) {
            case F32 -> MemorySegment.copy(stored, LITTLE_FLOAT, 0, data, 0, count);
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    data[i] = Float.float16ToFloat(stored.get(LITTLE_SHORT, 2L * i));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    data[i] = Float.intBitsToFloat(stored.get(LITTLE_SHORT, 2L * i) << 16);
                }
            }
            case F64 -> {
                for (int i = 0; i < count; i++) {
                    double value = stored.get(LITTLE_DOUBLE, 8L * i);
                    data[i] = (float) value;
                    if (Double.isFinite(value) && !Float.isFinite(data[i])) {
                        throw broken(name + " holds " + value + ", beyond what a float can hold");
                    }
                }
            }
            default -> throw new AssertionError(entry.type);
        }
    }

    @Override
    public void close() {
        arena.close();
    }

    private static final ValueLayout.OfFloat LITTLE_FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble LITTLE_DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort LITTLE_SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LITTLE_LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static boolean isReal(Type type) {
        return switch (type) {
            case F64, F32, F16, BF16 -> true;
            case I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3, F8_E5M2 -> false;
        };
    }

    private void readHeader(MemorySegment whole) {
        long size = whole.byteSize();
        if (size < 8) {
            throw broken("it is " + size + " bytes long");
        }
        long length = whole.get(LITTLE_LONG, 0);
        if (length == LFS_POINTER) {
            throw Failure.of(file + " is a pointer of Git LFS, not the file itself; fetch it with git lfs pull");
        }
        if (length < 2 || length > Math.min(LONGEST_HEADER, size - 8)) {
            throw broken("its header claims " + Long.toUnsignedString(length) + " bytes where " + (size - 8) + " are left");
        }
        byte[] header = whole.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
        if (header[0] != '{') {
            throw broken("its header does not begin with {");
        }
        JsonFile json = JsonFile.parse(file.toString(), header);
        for (Map.Entry<String, JsonNode> field : json.root().properties()) {
            if (field.getKey().equals(METADATA)) {
                readMetadata(field.getValue());
            } else {
                entries.put(field.getKey(), entry(field.getKey(), field.getValue()));
            }
        }
        values = whole.asSlice(8 + length);
        checkCover();
    }

    private void readMetadata(JsonNode node) {
        if (!node.isObject()) {
            throw broken(METADATA + " is not an object");
        }
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            if (!field.getValue().isTextual()) {
                throw broken(METADATA + " holds something else than texts");
            }
            metadata.put(field.getKey(), field.getValue().textValue());
        }
    }

    private Entry entry(String name, JsonNode node) {
        JsonNode dtype = node.path("dtype");
        JsonNode shape = node.path("shape");
        JsonNode offsets = node.path("data_offsets");
        if (!dtype.isTextual() || !shape.isArray() || !offsets.isArray() || offsets.size() != 2) {
            throw broken(name + " lacks its dtype, shape or two data_offsets");
        }
        Type type = type(name, dtype.textValue());
        int[] extents = new int[shape.size()];
        long bytes = type.bytes;
        for (int i = 0; i < extents.length; i++) {
            long extent = whole(name, shape.get(i));
            if (extent > Integer.MAX_VALUE) {
                throw broken(name + " has an extent of " + extent);
            }
            extents[i] = (int) extent;
            if (Math.multiplyHigh(bytes, extent) != 0 || (bytes *= extent) < 0) {
                throw broken(name + " has a shape " + shape + " beyond any file");
            }
        }
        long begin = whole(name, offsets.get(0));
        long end = whole(name, offsets.get(1));
        if (end - begin != bytes) {
            throw broken(name + " takes " + (end - begin) + " bytes where " + type + shape + " needs " + bytes);
        }
        return new Entry(type, extents, begin, end);
    }

    private Type type(String name, String text) {
        for (Type type : Type.values()) {
            if (type.name().equals(text)) {
                return type;
            }
        }
        throw broken(name + " is of the unknown type " + text);
    }

    private long whole(String name, JsonNode node) {
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
            throw broken(name + " has " + node + " where a whole number from 0 is expected");
        }
        return node.longValue();
    }

    private void checkCover() {
        List<Map.Entry<String, Entry>> inOrder = new ArrayList<>(entries.entrySet());
        inOrder.sort(Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin).thenComparingLong(e -> e.getValue().end));
        long covered = 0;
        for (Map.Entry<String, Entry> named : inOrder) {
            Entry entry = named.getValue();
            if (entry.begin != covered) {
                String how = entry.begin < covered ? "overlaps the tensor before it" : "leaves a hole before it";
                throw broken(named.getKey() + " begins at " + entry.begin + " and " + how + ", which ends at " + covered);
            }
            covered = entry.end;
        }
        if (covered != values.byteSize()) {
            throw broken("its tensors take " + covered + " bytes where " + values.byteSize() + " are stored");
        }
    }

    private Failure broken(String what) {
        return Failure.of(file + ": " + what + "; the file is truncated or damaged: fetch or write it again");
    }
}
