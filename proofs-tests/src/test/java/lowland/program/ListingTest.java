package lowland.program;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// A program reads like the figure of a paper.
final class ListingTest {
    @Test
    void readsWell() {
        State embedding = new State("embedding", ElementType.REAL, Shape.of(9, 4), 0);
        State weight = new State("weight", ElementType.REAL, Shape.of(4, 4), 6);
        State bias = new State("bias", ElementType.REAL, Shape.of(4), 6);
        State gradient = weight.like("weight gradient");
        Recording p = new Recording("tiny");
        Value ids = p.input("ids", ElementType.INT, Shape.of(Extent.TOKENS));
        p.stage("embed");
        Value rows = p.gather(p.read(embedding), ids);
        List<Value> results = p.repeat("layers", 6, List.of(rows),
                x -> List.of(p.tanh(p.product(x.get(0), false, p.read(weight), true, p.read(bias)))));
        p.stage("loss");
        Value loss = p.scalar(lowland.program.operation.Scalar.Kind.MULTIPLY, p.sum(results.get(0)), p.scalar("weight of the loss"));
        p.guard(loss);
        p.output("loss", loss);
        Differentiation.append(p, loss, Map.of(weight, gradient));
        assertEquals("""
                program tiny
                input ids                                                               int[tokens]
                input weight of the loss                                                double
                state embedding                                                         real[9, 4]
                state weight                                                            real[4, 4] x 6
                state bias                                                              real[4] x 6
                state weight gradient                                                   real[4, 4] x 6
                stage embed
                  rows = gather(embedding, ids)                                         real[tokens, 4]
                stage layers, 6 times
                  carry rows.2 from rows, then tanh; the last is tanh.2                 real[tokens, 4]
                  product = product(rows.2, weight, bias) right transposed              real[tokens, 4]
                  tanh = tanh(product)                                                  real[tokens, 4]
                stage loss
                  total = sum(tanh.2)                                                   double
                  multiply = scalar(total, weight of the loss) multiply                 double
                  guard(multiply)
                stage backward
                  constant = constant() 1.0                                             double
                stage loss backward
                  multiply.2 = scalar(constant, weight of the loss) multiply            double
                  filled = fill(multiply.2)                                             real[tokens, 4]
                stage layers backward, 6 times in reverse
                  carry filled.2 from filled, then product.2; the last is product.4     real[tokens, 4]
                  dTanh = tanhBackward(tanh, filled.2)                                  real[tokens, 4]
                  product.2 = product(dTanh, weight)                                    real[tokens, 4]
                  product.3 = product(dTanh, rows.2, weight gradient) left transposed   real[4, 4]
                update weight gradient := product.3
                output loss = multiply
                """, p.finish().toString());
    }

    @Test
    void aStackInParts() {
        State weight = new State("weight", ElementType.REAL, Shape.of(2, 4), 6);
        State wide = new State("wide", ElementType.REAL, Shape.of(4, 4), 6);
        Recording p = new Recording("parts");
        Value x = p.input("x", ElementType.REAL, Shape.of(3, 4));
        Value[] sum = new Value[1];
        p.repeat("low", 6, 0, 5, true, List.of(x), c -> {
            sum[0] = p.add(p.read(wide), p.read(wide));
            return List.of(p.product(c.get(0), false, p.read(wide), true, null));
        });
        p.update(wide, p.patch(p.read(wide), sum[0]));
        p.repeat("last", 6, 5, 6, false, List.of(x), c -> List.of(p.product(c.get(0), false, p.read(weight), true, null)));
        assertEquals("""
                program parts
                input x                                                     real[3, 4]
                state wide                                                  real[4, 4] x 6
                state weight                                                real[2, 4] x 6
                stage low, layers 0 to 4 of 6 in reverse
                  carry x.2 from x, then product; the last is product.2     real[3, 4]
                  sum = add(wide, wide)                                     real[4, 4]
                  product = product(x.2, wide) right transposed             real[3, 4]
                  patch sum.2 is sum, elsewhere wide                        real[4, 4]
                stage last, layer 5 of 6
                  carry x.3 from x, then product.3; the last is product.4   real[3, 4], then real[3, 2]
                  product.3 = product(x.3, weight) right transposed         real[3, 2]
                update wide := sum.2
                """, p.finish().toString());
    }

    /// A line of 100 characters moves the types to the right, a longer one does not.
    @Test
    void longLines() {
        for (int length : new int[] {100, 101}) {
            Recording p = new Recording("long");
            p.scalar("x");
            p.scalar("n".repeat(length - "input ".length()));
            int column = length == 100 ? 100 : "input x".length();
            String[] lines = p.finish().toString().split("\n");
            assertEquals("input x" + " ".repeat(column - "input x".length() + 3) + "double", lines[1]);
            assertEquals(lines[2].substring(0, length) + "   double", lines[2]);
        }
    }
}
