public import GatePlan
public import GatePrimitives
public import GateSettings

extension Plan {
    /// The files that are not what the plan was made from, with what they are now; nil for one that is gone.
    ///
    /// Asks the disk: not for a loop.
    public func changedFiles(from disk: any ConfigurationFiles = DiskFiles()) -> [String: FileVersion?] {
        var changed: [String: FileVersion?] = [:]
        for (path, version) in files {
            let now = (try? disk.status(of: path))?.version
            if now != version { changed.updateValue(now, forKey: path) }
        }
        return changed
    }
}
