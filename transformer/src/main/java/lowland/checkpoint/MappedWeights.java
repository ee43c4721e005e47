package lowland.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import lowland.Failure;

/// The weights in a Hugging Face folder, memory-mapped: `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
///
/// Names lose the prefix with which a model with a head writes them (`roberta.encoder…`, `bert.encoder…`), and layer norms' older
/// `gamma` and `beta` are `weight` and `bias`, as transformers reads them. Values are read when asked for.
public final class MappedWeights implements Weights {
    static final String FILE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    /// Where a tensor lies.
    private record Place(Safetensors file, Path path, String stored) {}

    private final Map<Path, Safetensors> files = new LinkedHashMap<>();
    private final Map<String, Place> places = new LinkedHashMap<>();

    private MappedWeights() {}

    /// Maps a folder's files and checks their headers, none of the values.
    ///
    /// @param prefix what may stand before the encoder's names: `bert.` or `roberta.`
    /// @throws Failure if there is no such file, or one is missing, damaged or contradicts the index
    static MappedWeights open(Path folder, String prefix) {
        MappedWeights weights = new MappedWeights();
        try {
            if (Files.exists(folder.resolve(FILE))) {
                weights.map(folder.resolve(FILE));
            } else if (Files.exists(folder.resolve(INDEX))) {
                weights.mapShards(folder);
            } else {
                throw absent(folder);
            }
            weights.name(prefix);
            return weights;
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private static Failure absent(Path folder) {
        Path pickle = folder.resolve("pytorch_model.bin");
        if (Files.exists(pickle)) {
            return Failure.of(pickle + " is a Python pickle: to read it is to run the program in it, so it is not read. Convert it once: "
                    + "python -c \"import sys, torch, safetensors.torch as s; t = torch.load(sys.argv[1] + '/pytorch_model.bin', "
                    + "map_location='cpu', weights_only=True); s.save_file({k: v.clone().contiguous() for k, v in t.items()}, "
                    + "sys.argv[1] + '/model.safetensors', {'format': 'pt'})\" " + folder);
        }
        return Failure.of(folder + " has neither " + FILE + " nor " + INDEX + "; name the folder of a Hugging Face checkpoint");
    }

    private Safetensors map(Path path) {
        Safetensors file = Safetensors.open(path);
        files.put(path, file);
        return file;
    }

    private void mapShards(Path folder) {
        JsonFile index = JsonFile.read(folder.resolve(INDEX));
        JsonNode map = index.root().path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw index.missing("weight_map");
        }
        Map<Path, Set<String>> listed = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            String name = entry.getValue().asText();
            if (!entry.getValue().isTextual() || !name.matches("[A-Za-z0-9_][A-Za-z0-9._-]*")) {
                throw Failure.of(index.source() + ": " + entry.getKey() + " lies in " + entry.getValue()
                        + ", which is not the name of a file in this folder; fetch the index again");
            }
            listed.computeIfAbsent(folder.resolve(name), _ -> new LinkedHashSet<>()).add(entry.getKey());
        }
        for (Map.Entry<Path, Set<String>> shard : listed.entrySet()) {
            if (!Files.exists(shard.getKey())) {
                throw Failure.of(index.source() + " lists " + shard.getValue().size() + " tensors in " + shard.getKey()
                        + ", which is missing; fetch this file too");
            }
            Set<String> stored = map(shard.getKey()).names();
            requireAll(shard.getKey() + " lacks ", shard.getValue(), stored, ", which " + index.source() + " lists in it");
            requireAll(shard.getKey() + " holds ", stored, shard.getValue(), ", which " + index.source() + " does not list in it");
        }
    }

    private static void requireAll(String says, Set<String> wanted, Set<String> found, String why) {
        for (String name : wanted) {
            if (!found.contains(name)) {
                throw Failure.of(says + name + why + "; the files are of different checkpoints: fetch them again");
            }
        }
    }

    private void name(String prefix) {
        files.forEach((path, file) -> {
            for (String stored : file.names()) {
                String name = stored.startsWith(prefix) ? stored.substring(prefix.length()) : stored;
                name = name.replaceFirst("LayerNorm\\.gamma$", "LayerNorm.weight").replaceFirst("LayerNorm\\.beta$", "LayerNorm.bias");
                Place before = places.put(name, new Place(file, path, stored));
                if (before != null) {
                    throw Failure.of(path + " holds " + stored + ", which is " + before.stored + " of " + before.path
                            + " once more; the checkpoint is broken: fetch it again");
                }
            }
        });
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(places.keySet());
    }

    /// The file that holds a tensor, as a message names it, or the folder's first.
    String source(String name) {
        Place place = places.get(name);
        return (place == null ? files.keySet().iterator().next() : place.path).toString();
    }

    /// The shape of a tensor of floating point, or null.
    int[] shape(String name) {
        Place place = places.get(name);
        return place == null ? null : place.file.shape(place.stored);
    }

    @Override
    public Tensor get(String name, int... shape) {
        Place place = place(name, shape);
        return Tensors.checked(place.path.toString(), place.stored, place.file.tensor(place.stored), shape);
    }

    @Override
    public void read(String name, int[] shape, int from, float[] to, int count) {
        Place place = place(name, shape);
        place.file.read(place.stored, from, to, count);
        for (int i = 0; i < count; i++) {
            if (!Float.isFinite(to[i])) {
                throw Tensors.notFinite(place.path.toString(), place.stored, to[i], from + i);
            }
        }
    }

    private Place place(String name, int... shape) {
        int[] found = shape(name);
        if (found == null) {
            throw Failure.of(source(name) + " has no tensor " + name + "; take a complete checkpoint of this architecture");
        }
        Place place = places.get(name);
        if (!Arrays.equals(found, shape)) {
            throw Failure.of(place.path + ": " + place.stored + " has shape " + Arrays.toString(found) + ", expected "
                    + Arrays.toString(shape) + "; the file belongs to another model");
        }
        return place;
    }

    @Override
    public void close() {
        files.values().forEach(Safetensors::close);
    }
}
