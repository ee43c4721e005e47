package lowland.cli;

import java.util.List;
import java.util.concurrent.Callable;
import lowland.Failure;
import lowland.audit.TinyProblem;
import lowland.descent.Sgd;
import lowland.random.CounterRandom;
import lowland.report.TraceText;
import lowland.rule.BiLora;
import lowland.rule.EfmLora;
import lowland.rule.FlatLora;
import lowland.rule.FmLora;
import lowland.rule.FullSam;
import lowland.rule.Lora;
import lowland.rule.LoraNBar;
import lowland.rule.LoraOBar;
import lowland.rule.LoraPlus;
import lowland.rule.LoraSam;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.StepResult;
import lowland.rule.Trainables;
import lowland.rule.UpdateRule;
import lowland.train.AdapterForm;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `trace`: a method's equations with numbers in them.
@Command(name = "trace", sortOptions = false, customSynopsis = "lowland trace --method NAME [OPTIONS]", description = {
    "Prints what a method computes, step by step in its paper's order and letters, on a problem that a page has room for:"
        + " L = 1/2 |W0 + s*B*A - T|^2, W 2x3, rank 1, plain gradient descent. P1 is FMLoRA/EFMLoRA, arXiv 2508.00522v3; P2 is"
        + " Bi-LoRA, arXiv 2508.19564v1.", ""},
    footer = {"", "Example:", "  lowland trace --method efmlora --steps 3"})
final class TraceCommand implements Callable<Integer> {
    private static final int MOST_STEPS = 1000;

    @Option(names = "--method", required = true, paramLabel = "NAME", description = {
        "lora, lora-plus, lora-obar, lora-nbar, flat-lora, lora-sam, fmlora, efmlora, bi-lora or full-sam, each with its own defaults.",
        "No default."})
    private String method;

    @Option(names = "--steps", paramLabel = "N", description = {"Optimiser steps.", "Default: 3 (our choice)."})
    private int steps = 3;

    @Option(names = "--rho", paramLabel = "R", description = {
        "The perturbation's radius.", "Default: the method's of training (see lowland train --help)."})
    private Double rho;

    @Option(names = "--learning-rate", paramLabel = "R", description = {"Of plain gradient descent.", "Default: 0.1 (our choice)."})
    private double learningRate = 0.1;

    @Mixin
    private Common common;

    private final Streams streams;

    TraceCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Method.Rule chosen = Method.of(method).rule();
        if (!chosen.trainsFactors() || Method.of(method).form() != AdapterForm.LORA) {
            throw Failure.usage("--method " + method + " has no trace; lowland trace --help names those that have");
        }
        Require.that(steps >= 1 && steps <= MOST_STEPS, "--steps", steps, "a whole number from 1 to " + MOST_STEPS);
        Require.fromZero("--learning-rate", learningRate);
        double radius = rho == null ? chosen.defaultRho() : rho;
        Require.fromZero("--rho", radius);
        TinyProblem problem = new TinyProblem();
        Trainables at = problem.start();
        UpdateRule rule;
        RuleState state;
        switch (chosen) {
            case LORA -> {
                rule = Lora.defaults();
                state = Lora.defaults().initialState(at);
            }
            case LORA_NBAR -> {
                rule = LoraNBar.defaults();
                state = LoraNBar.defaults().initialState(at);
            }
            case LORA_OBAR -> {
                rule = LoraOBar.defaults();
                state = LoraOBar.defaults().initialState(at);
            }
            case LORA_PLUS -> {
                rule = LoraPlus.defaults();
                state = LoraPlus.defaults().initialState(at);
            }
            case LORA_SAM -> {
                rule = LoraSam.defaults();
                state = LoraSam.defaults().initialState(at);
            }
            case FMLORA -> {
                rule = FmLora.defaults();
                state = FmLora.defaults().initialState(at);
            }
            case EFMLORA -> {
                rule = EfmLora.defaults();
                state = EfmLora.defaults().initialState(at);
            }
            case BI_LORA -> {
                BiLora biLora = new BiLora(Sgd.defaults(), 1, true);
                rule = biLora;
                state = biLora.initialState(at, problem.second());
            }
            case FLAT_LORA -> {
                rule = FlatLora.defaults();
                state = FlatLora.defaults().initialState(at, List.of(problem.weight()));
            }
            case FULL_SAM -> {
                rule = FullSam.defaults();
                state = FullSam.defaults().initialState(at);
            }
            default -> throw new IllegalStateException("no trace of " + chosen);
        }
        String number = chosen == Method.Rule.BI_LORA ? "1" : "";
        streams.out().println(method + " on L = ½‖W − T‖², W = W0 + " + (chosen == Method.Rule.BI_LORA ? "s·B1·A1 + s·B2·A2" : "s·B·A")
                + ", plain gradient descent");
        say("W0", TraceText.matrix(problem.weight()));
        say("T", TraceText.matrix(problem.target()));
        say("s", "2, η = " + learningRate + (chosen.defaultScope() == null ? "" : ", ρ = " + radius)
                + (rule instanceof LoraPlus plus ? ", " + plus.ratio() + "·η for B" : "")
                + (rule instanceof EfmLora efm ? ", β = " + efm.ema() + ", Ê = 0" : ""));
        say("B" + number, TraceText.matrix(at.pairs().getFirst().b()));
        say("A" + number, TraceText.matrix(at.pairs().getFirst().a()));
        if (chosen == Method.Rule.BI_LORA) {
            say("B2", TraceText.matrix(problem.second().getFirst().b()));
            say("A2", TraceText.matrix(problem.second().getFirst().a()));
        }
        for (int t = 1; t <= steps; t++) {
            StepResult result = rule.step(at, state, new StepInputs(t, learningRate, learningRate, radius, 0)
                    .at((t - 1.0) / steps, CounterRandom.noiseKey(0, t - 1)), Sgd.defaults(), problem);
            streams.out().println();
            streams.out().println("step " + t);
            streams.out().print(TraceText.of(rule, result));
            at = result.next();
            state = result.state();
        }
        return 0;
    }

    private void say(String letters, String value) {
        streams.out().printf("  %-9s = %s%n", letters, value);
    }
}
