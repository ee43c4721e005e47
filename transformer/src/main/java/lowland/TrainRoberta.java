package lowland;

import lowland.cli.Main;

/// Fine-tunes RoBERTa or BERT: `lowland train` as a class of its own, with the same options.
///
///     java -cp 'transformer/target/*:transformer/target/lib/*' --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
///         lowland.TrainRoberta --model DIR --task glue/cola --data DIR --preset glue/cola --method efmlora --out RUN
public final class TrainRoberta {
    private TrainRoberta() {}

    public static void main(String[] args) {
        String[] train = new String[args.length + 1];
        train[0] = "train";
        System.arraycopy(args, 0, train, 1, args.length);
        Main.main(train);
    }
}
