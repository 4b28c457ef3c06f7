//! How the files that may be open are shared out.

use haul::engine::Shares;

#[test]
fn few_files_mean_fewer_transfers_and_never_none() {
    for (files, wanted, transfers, connections) in
        [(1024, 4, 4, 864), (64, 4, 4, 24), (64, 64, 8, 8), (30, 64, 2, 3), (8, 64, 1, 1), (1 << 20, 64, 64, 917_232)]
    {
        let shares = Shares::of(files, wanted);
        assert_eq!((shares.transfers, shares.connections), (transfers, connections), "{files} files, -j {wanted}");
        let used = 16 + shares.transfers * 4 + shares.connections + shares.endings;
        assert!(used <= files || shares.transfers == 1, "{used} of {files}");
    }
}
