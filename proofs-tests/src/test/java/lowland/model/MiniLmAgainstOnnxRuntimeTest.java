package lowland.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lowland.checkpoint.MiniLm;
import lowland.cpu.CpuDevice;
import lowland.data.Example;
import lowland.program.State;
import lowland.text.Encoding;
import lowland.train.Evaluation;
import lowland.train.Pretrained;
import lowland.train.Rows;
import lowland.train.Training;
import lowland.train.TrainingFixtures;
import org.junit.jupiter.api.Test;

/// The embedded model, as this project reads and computes it, against Microsoft's onnxruntime on the same file: the mean of a
/// sentence's token states. Our side is a classifier whose weight is the identity, so that its logits are the pooled state.
class MiniLmAgainstOnnxRuntimeTest {
    private static final double TOLERANCE = 2e-5;

    /// 50 sentences of 1 to about 150 words, some with marks and letters beyond ASCII.
    private static List<Example> sentences() {
        String[] words = ("the river bends slowly past a mill where nobody works any more , and yet its wheel turns ; "
                + "électricité naïve Straße 東京 42 % of 1,000 unbelievably re-established “quotes” e.g. U.S. wasn't").split(" ");
        List<Example> sentences = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            int length = i < 10 ? i + 1 : 1 + (i * i) % 151;
            StringBuilder text = new StringBuilder();
            for (int w = 0; w < length; w++) {
                text.append(w == 0 ? "" : " ").append(words[(i * 7 + w * (1 + i % 5)) % words.length]);
            }
            sentences.add(Example.unlabelled(i, text.toString(), null));
        }
        return sentences;
    }

    @Test
    void pooledStatesAgree() throws OrtException, IOException {
        try (Pretrained miniLm = Pretrained.open(Pretrained.MINILM)) {
            Rows rows = Rows.of("sentences", sentences(), miniLm.tokenizer(), 0);
            float[][] ours = ours(miniLm, rows);
            double worst = 0;
            try (OrtEnvironment environment = OrtEnvironment.getEnvironment();
                    InputStream in = MiniLm.class.getResourceAsStream("/" + MiniLm.MODEL);
                    OrtSession session = environment.createSession(in.readAllBytes())) {
                for (int row = 0; row < rows.size(); row++) {
                    double[] theirs = theirs(environment, session, rows.encodings().get(row));
                    assertEquals(theirs.length, ours[row].length);
                    for (int c = 0; c < theirs.length; c++) {
                        double difference = Math.abs(theirs[c] - ours[row][c]);
                        assertTrue(difference <= TOLERANCE, "sentence " + row + ", channel " + c + ": " + ours[row][c] + " here, "
                                + theirs[c] + " there");
                        worst = Math.max(worst, difference);
                    }
                }
            }
            System.out.printf("largest difference to onnxruntime over %d sentences: %.2e%n", rows.size(), worst);
        }
    }

    private static float[][] ours(Pretrained miniLm, Rows rows) {
        int width = miniLm.config().hidden();
        int longest = 0;
        for (int row = 0; row < rows.size(); row++) {
            longest = Math.max(longest, rows.tokens(row));
        }
        Rows none = new Rows(List.of(), List.of(), 0);
        try (Training training = new Training(miniLm, TrainingFixtures.settings(), none, width, false, 4 * longest, new CpuDevice(2))) {
            float[] identity = new float[width * width];
            for (int c = 0; c < width; c++) {
                identity[c * width + c] = 1;
            }
            State weight = training.model().head().getFirst();
            training.session().write(weight, 0, identity);
            Evaluation evaluation = training.evaluate(rows);
            return evaluation.logits();
        }
    }

    private static double[] theirs(OrtEnvironment environment, OrtSession session, Encoding encoding) throws OrtException {
        long[][] ids = new long[1][encoding.length()];
        long[][] types = new long[1][encoding.length()];
        long[][] mask = new long[1][encoding.length()];
        for (int i = 0; i < encoding.length(); i++) {
            ids[0][i] = encoding.ids()[i];
            types[0][i] = encoding.typeIds()[i];
            mask[0][i] = 1;
        }
        try (OnnxTensor idTensor = OnnxTensor.createTensor(environment, ids);
                OnnxTensor typeTensor = OnnxTensor.createTensor(environment, types);
                OnnxTensor maskTensor = OnnxTensor.createTensor(environment, mask)) {
            Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
            for (String name : session.getInputNames()) {
                inputs.put(name, name.contains("mask") ? maskTensor : name.contains("type") ? typeTensor : idTensor);
            }
            try (OrtSession.Result result = session.run(inputs)) {
                float[][] states = ((float[][][]) result.get(0).getValue())[0];
                double[] mean = new double[states[0].length];
                for (float[] state : states) {
                    for (int c = 0; c < mean.length; c++) {
                        mean[c] += state[c] / (double) states.length;
                    }
                }
                return mean;
            }
        }
    }
}
