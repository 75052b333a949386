"""Groups of one person each: FaceNetLib's average linkage and graph against fastcluster, scikit-learn (average linkage,
DBSCAN, HDBSCAN) and the hdbscan package, on MobileFaceNet's embeddings of the photographs from LFW.

Each takes the threshold that groups the people of folds 1 to 4 best (BCubed F), and is scored on those of folds 5 to 8.
Time and memory are those of all 10,243 photographs at that threshold, each contender in a process of its own, by turns.
Memory is what the work adds to the process at most; beside it the process's peak, with its interpreter and libraries.
"""

import csv
import pathlib
import subprocess

import common

SKLEARN = ("scikit-learn average", "scikit-learn DBSCAN", "scikit-learn HDBSCAN")
PEERS = ("fastcluster average", *SKLEARN, "hdbscan")


def groups(numpy, name, rows):
    """A function of a squared distance that gives the labels of `rows`; what does not depend on it is done but once."""
    def apart(labels):  # noise is nobody's: each a group of its own
        noise = labels < 0
        labels = labels.copy()
        labels[noise] = labels.max() + 1 + numpy.arange(noise.sum())
        return labels

    if name == "fastcluster average":
        import fastcluster
        from scipy.cluster.hierarchy import fcluster
        from scipy.spatial.distance import pdist
        tree = fastcluster.linkage(pdist(rows, "sqeuclidean"), "average", preserve_input=False)
        return lambda threshold: fcluster(tree, threshold, "distance")
    if name == "scikit-learn average":
        from scipy.cluster.hierarchy import fcluster  # the tree once; scikit-learn itself cuts while it builds
        from sklearn.cluster import AgglomerativeClustering
        from sklearn.metrics import pairwise_distances
        model = AgglomerativeClustering(n_clusters=None, distance_threshold=0, metric="precomputed", linkage="average",
                                        compute_distances=True)
        model.fit(pairwise_distances(rows, metric="sqeuclidean"))
        sizes = numpy.ones(2 * len(rows) - 1)
        for i, (a, b) in enumerate(model.children_):
            sizes[len(rows) + i] = sizes[a] + sizes[b]
        tree = numpy.column_stack([model.children_, model.distances_, sizes[len(rows):]]).astype(float)
        return lambda threshold: fcluster(tree, threshold, "distance")
    if name == "scikit-learn DBSCAN":
        from sklearn.cluster import DBSCAN
        return lambda threshold: apart(DBSCAN(eps=threshold ** 0.5, min_samples=2, algorithm="brute").fit(rows).labels_)
    if name == "scikit-learn HDBSCAN":
        from sklearn.cluster import HDBSCAN
        return lambda _: apart(HDBSCAN(min_cluster_size=2, min_samples=1, copy=True).fit(rows).labels_)
    import hdbscan
    return lambda threshold: apart(hdbscan.HDBSCAN(min_cluster_size=2, min_samples=1, core_dist_n_jobs=1,
                                                   cluster_selection_epsilon=threshold ** 0.5).fit(rows).labels_)


def f(precision, recall):
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def scores(numpy, labels, people):
    """Pairwise F and BCubed F."""
    table = {}
    for pair in zip(labels.tolist(), people.tolist()):
        table[pair] = table.get(pair, 0) + 1
    cell = numpy.array(list(table.values()), dtype=float)
    of_label, of_person = numpy.array(list(table)).T
    label_sizes = numpy.bincount(numpy.unique(labels, return_inverse=True)[1]).astype(float)
    person_sizes = numpy.bincount(numpy.unique(people, return_inverse=True)[1]).astype(float)
    in_label = dict(zip(numpy.unique(labels).tolist(), label_sizes))
    in_person = dict(zip(numpy.unique(people).tolist(), person_sizes))

    def pairs(counts):
        return (counts * (counts - 1)).sum()
    pairwise = f(pairs(cell) / max(1, pairs(label_sizes)), pairs(cell) / max(1, pairs(person_sizes)))
    precision = (cell * cell / numpy.array([in_label[x] for x in of_label.tolist()])).sum() / len(people)
    recall = (cell * cell / numpy.array([in_person[x] for x in of_person.tolist()])).sum() / len(people)
    return pairwise, f(precision, recall)


def best_threshold(numpy, name, cut, people):
    """Of 0.3 to 1.5 in steps of 0.02 (hdbscan, which is slow: 0.1), by BCubed F; the middle one where several are.
    scikit-learn's HDBSCAN has none: with an epsilon, 1.9 fails under NumPy 2.4."""
    if name == "scikit-learn HDBSCAN":
        return float("nan")
    step = 0.1 if name == "hdbscan" else 0.02
    tried = [(scores(numpy, cut(t), people)[1], t) for t in map(float, numpy.arange(0.3, 1.501, step))]
    best = max(tried)[0]
    equal = [t for score, t in tried if score == best]
    return equal[len(equal) // 2]


def embeddings_of(options, numpy):
    """Where they are, [N,128], the file and a number of the person of each, and the fold (1 to 8) of that person."""
    npy = options.embeddings
    program = options.build / "examples" / "facenet" / "facenet"
    if npy is None:
        npy = options.build / "peers" / "lfw.npy"
        if not npy.exists():
            print("Embedding the photographs, some minutes", flush=True)
            npy.parent.mkdir(exist_ok=True)
            model = npy.with_suffix(".fnm")
            subprocess.run([program, "import", options.data / "models" / "mobilefacenet-y1.onnx", "-o", model, "--template",
                            "arcface-112", "--colour", "rgb", "--mean", "0,0,0", "--scale", "1", "--licence",
                            "research only", "--quiet"], check=True)
            subprocess.run([program, "embed", "-m", model, "--landmarks", options.data / "lfw" / "landmarks.csv", "-o", npy,
                            options.data / "lfw" / "images", "--quiet"], check=True)
    lines = (options.data / "lfw" / "people.txt").read_text().splitlines()
    fold_of, at = {}, 1
    for fold in range(1, int(lines[0]) + 1):
        count = int(lines[at])
        fold_of.update((line.split("\t")[0], fold) for line in lines[at + 1:at + 1 + count])
        at += 1 + count
    with open(npy.with_suffix(".csv"), newline="") as file:
        files = [row["file"] for row in csv.DictReader(file)]
    names = [pathlib.Path(path).parent.name for path in files]
    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    return (npy, numpy.load(npy), numpy.array(files), numpy.array([numbers[n] for n in names]),
            numpy.array([fold_of[n] for n in names]))


def main():
    parser = common.parser(__doc__)
    parser.add_argument("--embeddings", type=pathlib.Path,
                        help="of all photographs, as facenet embed writes them (build/release/peers/lfw.npy, made when absent)")
    parser.add_argument("--serve", nargs=3, metavar=("NAME", "NPY", "THRESHOLD"), help="what this script starts itself with")
    options = parser.parse_args()
    common.prepare(options)
    import numpy

    if options.serve:
        name, npy, threshold = options.serve
        rows = numpy.load(npy)
        common.serve(lambda: groups(numpy, name, rows)(float(threshold)))
        return
    if not (options.data / "lfw").exists():
        print(f"skipped: no photographs in {options.data}; see --data")
        return
    npy, rows, files, people, folds = embeddings_of(options, numpy)
    known, others = folds <= 4, folds > 4
    print(f"{known.sum():,} faces of folds 1 to 4 for the thresholds, {others.sum():,} of folds 5 to 8 for the scores")
    scratch = options.build / "peers"
    scratch.mkdir(exist_ok=True)
    for name, which in (("known", known), ("others", others)):
        numpy.save(scratch / f"{name}.npy", rows[which])
        numpy.save(scratch / f"{name}-people.npy", people[which].astype(numpy.float32)[:, None])
        with open(scratch / f"{name}.csv", "w", newline="") as table:  # for facenet cluster --embeddings
            csv.writer(table).writerows([("file", "face"), *((path, 0) for path in files[which])])

    results = {}
    for method in ("average", "graph"):
        with common.Ours(options, "peer_cluster", "--method", method, "--embeddings", scratch / "others.npy", "--known",
                         scratch / "known.npy", "--people", scratch / "known-people.npy", "--labels",
                         scratch / "labels.npy") as ours:
            threshold = ours.ask(1)["threshold"]
        labels = numpy.load(scratch / "labels.npy")[:, 0].astype(int)
        results[f"{common.OURS} {method}"] = (threshold, *scores(numpy, labels, people[others]))
    for name in PEERS:
        threshold = best_threshold(numpy, name, groups(numpy, name, rows[known]), people[known])
        results[name] = (threshold, *scores(numpy, groups(numpy, name, rows[others])(threshold), people[others]))
        print(f"  {name}: threshold {threshold:.2f}", flush=True)

    contenders = {}
    before = {}
    for name, (threshold, *_) in results.items():
        if name.startswith(common.OURS):
            contenders[name] = common.Ours(options, "peer_cluster", "--method", name.split()[-1], "--embeddings", npy,
                                           "--threshold", threshold)
        else:
            contenders[name] = common.Aside(pathlib.Path(__file__), "--threads", options.threads, "--serve", name, npy,
                                            threshold)
        contenders[name](0)  # it has read its rows
        before[name] = common.memory_mb(contenders[name].process.pid, "VmRSS")
    seconds = common.compare(f"{len(rows):,} faces", contenders, options)
    print(f"\n  {'folds 5 to 8; time: all':28}{'threshold':>10}{'pairwise F':>12}{'BCubed F':>10}{'seconds':>10}"
          f"{'MB added':>10}{'MB peak':>9}")
    for name, (threshold, pairwise, bcubed) in results.items():
        peak = contenders[name].peak_memory_mb()
        print(f"  {name:28}{threshold:10.3f}{pairwise:12.2%}{bcubed:10.2%}{seconds[name]:10.2f}{peak - before[name]:10.0f}"
              f"{peak:9.0f}")
        contenders[name].close()


if __name__ == "__main__":
    main()
