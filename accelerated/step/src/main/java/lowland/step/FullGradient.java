package lowland.step;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lowland.program.Differentiation;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.State;
import lowland.program.Value;
import lowland.program.operation.Scalar;

/// The gradients of whole weights at the model as it is, without any adapter: what LoRA-GA starts from. The weights themselves stay frozen;
/// the gradient is that of a perturbation that is zero, see [LinearForm].
///
/// @param program adds the gradients of a micro-batch to their states; takes the model's inputs and `lossWeight`
public record FullGradient(Program program) {
    public static FullGradient of(Model model, List<Linear> linears) {
        Map<State, State> gradients = new LinkedHashMap<>();
        for (Linear linear : linears) {
            gradients.put(LinearForm.perturbation(linear.weight()), state(linear));
        }
        Recording p = new Recording("full gradient");
        Model.Forward forward = model.forward(p, new LinearForm(Map.of(), linears.stream().map(Linear::weight).toList()), false);
        p.stage("loss");
        Value loss = p.scalar(Scalar.Kind.MULTIPLY, p.sum(forward.losses()), p.scalar("lossWeight"));
        p.output("loss", loss);
        Differentiation.append(p, loss, gradients);
        return new FullGradient(p.finish());
    }

    /// ∂L/∂W, as the weight's shape.
    public static State state(Linear linear) {
        return Gradients.of(LinearForm.perturbation(linear.weight()));
    }
}
