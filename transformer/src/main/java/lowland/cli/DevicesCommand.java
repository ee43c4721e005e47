package lowland.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import lowland.cpu.CpuDevice;
import lowland.cpu.Lanes;
import lowland.program.Device;
import lowland.program.DeviceFailure;
import lowland.program.DeviceProvider;
import lowland.program.DeviceProvider.Description;
import lowland.train.SelfTest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `devices`: what can execute here, each with a self-test.
@Command(name = "devices", sortOptions = false, customSynopsis = "lowland devices [OPTIONS]", description = {
    "Lists what can execute: the cpu, and TornadoVM's devices where its SDK is. Each runs a small program, which must agree"
        + " with double precision.", ""},
    footer = {"", "Exit code 1 if a self-test fails. Use a device with --device NAME.", "", "Example:", "  lowland devices --json"})
final class DevicesCommand implements Callable<Integer> {
    @Option(names = "--json", description = {"An object a device, a line each, ready to report.", "Default: off (our choice)."})
    private boolean json;

    @Mixin
    private Common common;

    private final Streams streams;
    private final Supplier<DeviceProvider> others;

    DevicesCommand(Streams streams) {
        this(streams, Devices::tornado);
    }

    /// @param others offers the devices beside the CPU, or throws [DeviceFailure]
    DevicesCommand(Streams streams, Supplier<DeviceProvider> others) {
        this.streams = streams;
        this.others = others;
    }

    @Override
    public Integer call() {
        int threads = Runtime.getRuntime().availableProcessors();
        boolean passed = report("cpu", "Vector API, " + Float.SIZE * Lanes.count() + " bits, " + threads + " threads", "CPU",
                Runtime.getRuntime().maxMemory(), () -> new CpuDevice(threads));
        try {
            DeviceProvider tornado = others.get();
            for (Description device : tornado.devices()) {
                passed &= report("tornado:" + device.number(), device.name() + " (" + device.platform() + ")", device.type(),
                        device.memory(), () -> tornado.device(device.number(), false));
            }
        } catch (DeviceFailure e) {
            streams.err().println("tornado: none: " + e.getMessage());
        }
        return passed ? 0 : 1;
    }

    private boolean report(String name, String what, String type, long memory, Supplier<Device> device) {
        String result;
        boolean passed = false;
        try {
            SelfTest test = SelfTest.of(device.get());
            passed = test.passed();
            result = test.toString();
        } catch (DeviceFailure e) {
            result = "failed: " + e.getMessage();
        }
        if (json) {
            ObjectNode line = JsonLine.object();
            line.put("device", name);
            line.put("is", what);
            line.put("type", type);
            line.put("memory", memory);
            line.put("passed", passed);
            line.put("selfTest", result);
            streams.out().println(JsonLine.text(line));
        } else {
            streams.out().printf(Locale.ROOT, "%-10s %s, %.1f GB%n           self-test %s%n", name, what, memory * 1e-9, result);
        }
        return passed;
    }
}
