package lowland;

import java.lang.reflect.AnnotatedElement;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.lifecycle.AroundTryHook;
import net.jqwik.api.lifecycle.Lifespan;
import net.jqwik.api.lifecycle.PropagationMode;
import net.jqwik.api.lifecycle.Store;
import net.jqwik.api.lifecycle.TryExecutionResult;
import net.jqwik.api.lifecycle.TryExecutor;
import net.jqwik.api.lifecycle.TryLifecycleContext;

/// Ends every property after the tries that `-Dlowland.tries` gives, however many it asks for: mutants are tried by the thousand.
public final class FewTries implements AroundTryHook {
    private static final Integer MOST = Integer.getInteger("lowland.tries");

    /// Whether properties are ended early, so that what they met is no measure of them.
    public static boolean limited() {
        return MOST != null;
    }

    @Override
    public boolean appliesTo(Optional<AnnotatedElement> element) {
        return limited();
    }

    @Override
    public PropagationMode propagateTo() {
        return PropagationMode.ALL_DESCENDANTS;
    }

    @Override
    public TryExecutionResult aroundTry(TryLifecycleContext context, TryExecutor aTry, List<Object> parameters) {
        TryExecutionResult result = aTry.execute(parameters);
        int tries = Store.getOrCreate(FewTries.class, Lifespan.PROPERTY, AtomicInteger::new).get().incrementAndGet();
        return result.isSatisfied() && tries >= MOST ? TryExecutionResult.satisfied(true) : result;
    }
}
