package lowland.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A tiny task of short texts that a pretrained encoder learns in a few steps.
final class Films {
    private static final List<String> GOOD = List.of("a wonderful film", "I loved it", "great story", "a delightful surprise", "the best");
    private static final List<String> BAD = List.of("a terrible mess", "I hated it", "far too long", "a waste of time", "the worst");

    private Films() {}

    /// Rows of text and label in turn.
    static List<String[]> rows(int from, int to) {
        List<String[]> rows = new ArrayList<>();
        for (int i = from; i < to; i++) {
            boolean good = i % 2 == 0;
            rows.add(new String[] {(good ? GOOD : BAD).get(i / 2 % 5) + " " + i, good ? "good" : "bad"});
        }
        return rows;
    }

    static Path tsv(Path file, List<String[]> rows) throws IOException {
        StringBuilder text = new StringBuilder("sentence\tlabel\n");
        rows.forEach(row -> text.append(row[0]).append('\t').append(row[1]).append('\n'));
        return Files.writeString(file, text);
    }

    static Path csv(Path file, List<String[]> rows) throws IOException {
        StringBuilder text = new StringBuilder("label,sentence\r\n");
        rows.forEach(row -> text.append(row[1]).append(",\"").append(row[0]).append("\"\r\n"));
        return Files.writeString(file, text);
    }

    static Path jsonl(Path file, List<String[]> rows) throws IOException {
        StringBuilder text = new StringBuilder();
        rows.forEach(row -> text.append("{\"sentence\":\"").append(row[0]).append("\",\"label\":\"").append(row[1]).append("\"}\n"));
        return Files.writeString(file, text);
    }
}
