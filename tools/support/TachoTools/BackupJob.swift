package import TachoBackup
package import TachoClient

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `tacho backup`: has an engine keep the files of a moment, copies them, gives them up.
package struct BackupJob {
    package var directory: String
    package var options: BackupOptions

    package init(directory: String, options: BackupOptions) {
        self.directory = directory
        self.options = options
    }

    package func run(
        access: ServerAccess
    ) throws(ToolFailure) -> BackupSummary {
        // Whoever is served goes first.
        _ = nice(10)
        // Before anything is asked of a server: most mistakes are in the names.
        let store: BackupStore
        do throws(BackupFailure) {
            store = try BackupStore(writing: directory, of: options.data)
        } catch {
            throw error.tool
        }
        let target = try TargetChoice.data(options.data).open(creates: false, access: access)
        let result = Result { () throws(ToolFailure) in try copy(from: target, to: store) }
        do throws(ToolFailure) {
            try target.close()
        } catch {
            _ = try result.get()
            throw error
        }
        return try result.get()
    }

    private func copy(
        from target: any Target, to store: BackupStore
    ) throws(ToolFailure) -> BackupSummary {
        let point = try target.beginBackup(in: options.data)
        let identity = PointIdentity(of: point)
        let result = Result { () throws(BackupFailure) in
            try BackupRun.run(store, point, options)
        }
        // What is not given up now is at the next backup, or after a day. What is there in its place is
        // of another backup, which would come to nothing.
        if identity != nil, PointIdentity(of: point) == identity { try? target.endBackup() }
        switch result {
        case .success(let summary): return summary
        case .failure(let failure): throw failure.tool
        }
    }
}

extension BackupFailure {
    package var tool: ToolFailure { ToolFailure(exitCode, description) }
}
