package lowland.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WordNetTest {
    private static final DataSet VERBS = WordNet.verbSupersense();
    private static final DataSet GLOSSES = WordNet.glossMatch();

    @Test
    void verbSupersenseIsTheOneThatIsDocumented() throws Exception {
        DataSet task = VERBS;
        assertEquals(List.of(10_891, 666, 2_054), sizes(task));
        assertEquals(15, task.labels().size());
        assertEquals(new Example(1, "draw air into, and expel out of, the lungs", null, 0, Double.NaN), task.train().getFirst());
        assertEquals("body", task.labels().get(0));
        assertEquals("weather", task.labels().get(14));
        assertEquals(0.1665, task.majorityBaseline(task.test()), 5e-5);
        assertEquals("3830e7a7448dc576cef65e21250204d6", md5(task));
    }

    @Test
    void glossMatchIsTheOneThatIsDocumented() throws Exception {
        DataSet task = GLOSSES;
        assertEquals(List.of(33_718, 2_014, 1_686), sizes(task));
        assertEquals(List.of("other", "same"), task.labels());
        assertEquals(0.5, task.majorityBaseline(task.test()));
        assertEquals("4c4a52f7fcb0323c63ec06a1e726e21d", md5(task));
    }

    @Test
    void noTextIsInTwoSplitsAndNoneHoldsAnExample() {
        for (DataSet task : List.of(VERBS, GLOSSES)) {
            List<Set<String>> texts = new ArrayList<>();
            for (List<Example> split : List.of(task.train(), task.dev(), task.test())) {
                Set<String> own = new HashSet<>();
                for (Example row : split) {
                    for (String text : row.pair() == null ? List.of(row.text()) : List.of(row.text(), row.pair())) {
                        assertFalse(text.isBlank() || text.contains("\"") || text.contains("  ") || text.endsWith(";"), text);
                        own.add(text.toLowerCase(Locale.ROOT).replaceAll("\\s+", " "));
                    }
                }
                texts.add(own);
            }
            for (int i = 0; i < 3; i++) {
                for (int j = 0; j < i; j++) {
                    Set<String> shared = new HashSet<>(texts.get(i));
                    shared.retainAll(texts.get(j));
                    assertEquals(Set.of(), shared, task.name());
                }
            }
        }
    }

    @Test
    void everyVerbDefinitionStandsOnce() {
        DataSet task = VERBS;
        Set<String> texts = new HashSet<>();
        for (List<Example> split : List.of(task.train(), task.dev(), task.test())) {
            split.forEach(row -> assertTrue(texts.add(row.text().toLowerCase(Locale.ROOT)), row.text()));
        }
    }

    @Test
    void everySentenceAndEveryGlossIsOnceRightAndOnceWrongAndOfTheSameLemma() {
        Map<String, String> lemmas = new HashMap<>();
        Map<String, WordNet.Sense> byDefinition = new HashMap<>();
        WordNet.senses().values().forEach(group -> group.forEach(sense -> {
            lemmas.put(sense.example(), sense.lemma());
            byDefinition.put(sense.definition(), sense);
        }));
        DataSet task = GLOSSES;
        List<Set<String>> lemmasOfSplits = new ArrayList<>();
        for (List<Example> split : List.of(task.train(), task.dev(), task.test())) {
            Map<String, Integer> right = new HashMap<>();
            Map<String, Integer> wrong = new HashMap<>();
            Set<String> own = new HashSet<>();
            for (Example row : split) {
                Map<String, Integer> side = row.label() == 1 ? right : wrong;
                side.merge("sentence " + row.text(), 1, Integer::sum);
                side.merge("gloss " + row.pair(), 1, Integer::sum);
                assertEquals(lemmas.get(row.text()), byDefinition.get(row.pair()).lemma());
                assertEquals(row.label() == 1, byDefinition.get(row.pair()).example().equals(row.text()));
                own.add(lemmas.get(row.text()));
            }
            assertEquals(Set.of(1), new HashSet<>(right.values()));
            assertEquals(right, wrong);
            lemmasOfSplits.add(own);
        }
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < i; j++) {
                Set<String> shared = new HashSet<>(lemmasOfSplits.get(i));
                shared.retainAll(lemmasOfSplits.get(j));
                assertEquals(Set.of(), shared);
            }
        }
    }

    private static List<Integer> sizes(DataSet task) {
        return List.of(task.train().size(), task.dev().size(), task.test().size());
    }

    private static String md5(DataSet task) throws Exception {
        MessageDigest md5 = MessageDigest.getInstance("MD5");
        for (List<Example> split : List.of(task.train(), task.dev(), task.test())) {
            for (Example row : split) {
                md5.update((row.row() + "\t" + row.text() + "\t" + row.pair() + "\t" + row.label() + "\n").getBytes(StandardCharsets.UTF_8));
            }
        }
        return HexFormat.of().formatHex(md5.digest());
    }
}
