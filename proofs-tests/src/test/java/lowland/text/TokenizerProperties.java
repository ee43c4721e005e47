package lowland.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import lowland.Failure;
import lowland.checkpoint.MiniLm;
import lowland.data.Example;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class TokenizerProperties {
    private static final Tokenizer TOKENIZER = Tokenizer.miniLm();

    @net.jqwik.api.Example
    void knownTextsHaveTheirKnownTokens() {
        assertArrayEquals(new int[] {101, 7592, 2088, 102}, TOKENIZER.encode("hello world").ids());
        assertArrayEquals(new int[] {101, 7592, 2088, 102}, TOKENIZER.encode(" Hello   WORLD\n").ids());
        Encoding pair = TOKENIZER.encode("hello world", "you there");
        assertArrayEquals(new int[] {101, 7592, 2088, 102, 2017, 2045, 102}, pair.ids());
        assertArrayEquals(new int[] {0, 0, 0, 0, 1, 1, 1}, pair.typeIds());
        assertArrayEquals(new int[] {101, 100, 102}, TOKENIZER.encode("😀").ids());
    }

    @net.jqwik.api.Example
    void nothingIsPaddedAndNothingIsCutUnasked() {
        assertEquals(3, TOKENIZER.encode("hello").length());
        assertEquals(1002, TOKENIZER.encode("hello ".repeat(1000)).length());
        assertEquals(1003, TOKENIZER.encode("hello ".repeat(500), "world ".repeat(500)).length());
    }

    @net.jqwik.api.Example
    void aTextLongerThanTheModelIsNamedByItsLine() {
        List<Example> rows = List.of(Example.unlabelled(2, "short", null), Example.unlabelled(7, "hello ".repeat(511), null));
        Failure failure = assertThrows(Failure.class, () -> TOKENIZER.encode("train.tsv", rows, 0));
        assertTrue(failure.getMessage().contains("train.tsv, line 7") && failure.getMessage().contains("513"), failure.getMessage());
        Encodings cut = TOKENIZER.encode("train.tsv", rows, 512);
        assertEquals(1, cut.truncated());
        assertEquals(512, cut.rows().get(1).length());
        assertEquals(102, cut.rows().get(1).ids()[511]);
        List<Example> exact = List.of(Example.unlabelled(1, "hello ".repeat(510), null));
        assertEquals(512, TOKENIZER.encode("train.tsv", exact, 0).rows().getFirst().length());
        assertEquals(0, TOKENIZER.encode("train.tsv", exact, 512).truncated());
        assertEquals(2, assertThrows(Failure.class, () -> TOKENIZER.encode("train.tsv", exact, 513)).exitCode());
        assertEquals(2, assertThrows(Failure.class, () -> TOKENIZER.encode("train.tsv", exact, 1)).exitCode());
    }

    /// The tokenizers library cuts in the same way when it is told to; here it is the other implementation.
    @Property(tries = 300)
    void cuttingIsTheLibrarysLongestFirst(
            @ForAll("words") String first, @ForAll("words") String second, @ForAll @IntRange(min = 3, max = 30) int most) throws IOException {
        Map<String, String> options = Map.of("padding", "false", "truncation", "true", "maxLength", Integer.toString(most));
        try (HuggingFaceTokenizer other = HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(SMALL), options)) {
            try (Tokenizer small = smallTokenizer()) {
                Encoding pair = small.encode("x", List.of(Example.unlabelled(1, first, second)), most).rows().getFirst();
                assertArrayEquals(toInts(other.encode(first, second).getIds()), pair.ids());
                assertArrayEquals(toInts(other.encode(first, second).getTypeIds()), pair.typeIds());
                Encoding single = small.encode("x", List.of(Example.unlabelled(1, first, null)), most).rows().getFirst();
                assertArrayEquals(toInts(other.encode(first).getIds()), single.ids());
            }
        }
    }

    @Provide
    Arbitrary<String> words() {
        return Arbitraries.of("a", "b", "c", "d", "[SEP]").list().ofMinSize(1).ofMaxSize(20).map(words -> String.join(" ", words));
    }

    @net.jqwik.api.Example
    void brokenOrMissingFilesFail() throws IOException {
        Path folder = Files.createTempDirectory("tokenizer");
        Path file = folder.resolve(TokenizerJson.FILE);
        assertThrows(Failure.class, () -> Tokenizer.read(folder, MiniLm.CONFIG));
        byte[] whole = MiniLm.tokenizer();
        for (byte[] bytes : List.of(new byte[0], "{}".getBytes(), java.util.Arrays.copyOf(whole, whole.length / 2), new byte[] {(byte) 0xFF})) {
            Files.write(file, bytes);
            Failure failure = assertThrows(Failure.class, () -> Tokenizer.read(folder, MiniLm.CONFIG));
            assertTrue(failure.getMessage().contains(TokenizerJson.FILE), failure.getMessage());
        }
        Files.write(file, whole);
        try (Tokenizer read = Tokenizer.read(folder, MiniLm.CONFIG)) {
            assertArrayEquals(TOKENIZER.encode("hello world").ids(), read.encode("hello world").ids());
        }
        Files.delete(file);
        Files.delete(folder);
    }

    @net.jqwik.api.Example
    void theNativeLibraryGoesToOurCacheAndCallsNobody() throws IOException {
        assertEquals(Path.of("/c"), NativeLibrary.folder(Map.of("LOWLAND_CACHE", "/c", "XDG_CACHE_HOME", "/x"), "/h"));
        assertEquals(Path.of("/x/lowland"), NativeLibrary.folder(Map.of("LOWLAND_CACHE", "", "XDG_CACHE_HOME", "/x"), "/h"));
        assertEquals(Path.of("/h/.cache/lowland"), NativeLibrary.folder(Map.of("XDG_CACHE_HOME", "relative"), "/h"));
        assertEquals(Path.of("/h/.cache/lowland"), NativeLibrary.folder(Map.of(), "/h"));
        assertEquals("true", System.getProperty("ai.djl.offline"));
        Path cache = NativeLibrary.folder(System.getenv(), System.getProperty("user.home"));
        try (var files = Files.walk(cache)) {
            assertTrue(files.anyMatch(file -> file.getFileName().toString().contains("tokenizers.")), cache + " has no library");
        }
        assertFalse(System.getProperty("ENGINE_CACHE_DIR").contains(".djl.ai"));
    }

    private static int[] toInts(long[] values) {
        int[] ints = new int[values.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = (int) values[i];
        }
        return ints;
    }

    private static final byte[] SMALL = """
            {"version":"1.0","truncation":null,"padding":null,"added_tokens":[
            {"id":0,"content":"[SEP]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
            "normalizer":null,"pre_tokenizer":{"type":"Whitespace"},"post_processor":{"type":"TemplateProcessing",
            "single":[{"SpecialToken":{"id":"[SEP]","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
            "pair":[{"SpecialToken":{"id":"[SEP]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
            {"SpecialToken":{"id":"[SEP]","type_id":0}},{"Sequence":{"id":"B","type_id":1}},{"SpecialToken":{"id":"[SEP]","type_id":1}}],
            "special_tokens":{"[SEP]":{"id":"[SEP]","ids":[0],"tokens":["[SEP]"]}}},"decoder":null,
            "model":{"type":"WordLevel","vocab":{"[SEP]":0,"a":1,"b":2,"c":3,"d":4,"[UNK]":5},"unk_token":"[UNK]"}}
            """.getBytes(java.nio.charset.StandardCharsets.UTF_8);

    private static Tokenizer smallTokenizer() {
        return Tokenizer.parse("small", SMALL, MiniLm.CONFIG);
    }
}
