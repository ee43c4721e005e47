package lowland.checkpoint;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import lowland.Failure;

/// Small JSON files read strictly: UTF-8, one object, no name twice, nothing after it. Every failure names the file
/// and the place.
public final class JsonFile {
    /// Configurations are a few kilobytes; this only keeps a wrong path from filling the memory.
    private static final long LARGEST = 1 << 28;

    static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    private final String source;
    private final ObjectNode root;

    private JsonFile(String source, ObjectNode root) {
        this.source = source;
        this.root = root;
    }

    /// Reads `file`.
    ///
    /// @throws Failure if it is missing, unreadable, too large or not one JSON object
    public static JsonFile read(Path file) {
        try {
            if (Files.size(file) > LARGEST) {
                throw Failure.of(file + " is " + Files.size(file) + " bytes long, too many for a configuration; check the path");
            }
            return parse(file.toString(), Files.readAllBytes(file));
        } catch (IOException e) {
            throw Failure.reading(file, e);
        }
    }

    /// Reads bytes that came from `source`.
    ///
    /// @throws Failure if they are not one JSON object
    public static JsonFile parse(String source, byte[] bytes) {
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            if (JSON.readTree(text) instanceof ObjectNode object) {
                return new JsonFile(source, object);
            }
            throw Failure.of(source + " does not hold a JSON object; it is not the expected file");
        } catch (CharacterCodingException e) {
            throw Failure.of(source + " is not UTF-8; it is damaged or not the expected file", e);
        } catch (JacksonException e) {
            JsonLocation at = e.getLocation();
            String place = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
            // Of an object that does not end Jackson adds where it began, in its own words for a source.
            String reason = e.getOriginalMessage().replaceAll(" \\(start marker at .*", "");
            throw Failure.of(source + " is not valid JSON" + place + ": " + reason, e);
        }
    }

    /// Writes `object`, indented, with a line break at its end.
    public static void write(Path file, ObjectNode object) {
        try {
            AtomicFile.write(file, JSON.writeValueAsString(object) + "\n");
        } catch (JacksonException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /// A new empty object.
    public static ObjectNode object() {
        return JSON.createObjectNode();
    }

    /// The file, for messages.
    public String source() {
        return source;
    }

    /// The whole object.
    public ObjectNode root() {
        return root;
    }

    /// Whether `key` is there and not `null`.
    public boolean has(String key) {
        return root.hasNonNull(key);
    }

    /// A text, or `otherwise` where the key is absent or null.
    public String text(String key, String otherwise) {
        return has(key) ? checked(key, "a text", root.get(key).isTextual()).textValue() : otherwise;
    }

    /// A truth value, or `otherwise` where the key is absent or null.
    public boolean truth(String key, boolean otherwise) {
        return has(key) ? checked(key, "true or false", root.get(key).isBoolean()).booleanValue() : otherwise;
    }

    /// A finite number, or `otherwise` where the key is absent or null.
    public double number(String key, double otherwise) {
        return has(key)
                ? checked(key, "a number", root.get(key).isNumber() && Double.isFinite(root.get(key).doubleValue())).doubleValue()
                : otherwise;
    }

    /// A whole number from `least` to `most`, or `otherwise` where the key is absent or null.
    public int whole(String key, int otherwise, int least, int most) {
        if (!has(key)) {
            return otherwise;
        }
        JsonNode node = root.get(key);
        boolean fits = node.isIntegralNumber() && node.canConvertToInt() && node.intValue() >= least && node.intValue() <= most;
        return checked(key, "a whole number from " + least + " to " + most, fits).intValue();
    }

    /// A whole number that has to be there.
    public int whole(String key, int least, int most) {
        if (!has(key)) {
            throw missing(key);
        }
        return whole(key, least, least, most);
    }

    /// A list of texts, or the empty list where the key is absent or null.
    public List<String> texts(String key) {
        List<String> texts = new ArrayList<>();
        if (has(key)) {
            for (JsonNode node : checked(key, "a list of texts", root.get(key).isArray())) {
                texts.add(checked(key, "a list of texts", node.isTextual(), node).textValue());
            }
        }
        return List.copyOf(texts);
    }

    /// The failure for a key that has to be there.
    public Failure missing(String key) {
        return Failure.of(source + " has no \"" + key + "\"; it is incomplete or not the expected file");
    }

    private JsonNode checked(String key, String expected, boolean good) {
        return checked(key, expected, good, root.get(key));
    }

    private JsonNode checked(String key, String expected, boolean good, JsonNode found) {
        if (!good) {
            throw Failure.of(source + ": \"" + key + "\" is " + found + ", expected " + expected);
        }
        return found;
    }
}
