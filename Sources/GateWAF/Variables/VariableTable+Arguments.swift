extension VariableTable {
    /// Adds the arguments of a range of the arena, a query or a form, as `variable` (ARGS_GET or ARGS_POST) and ARGS.
    ///
    /// As in ModSecurity an empty pair between two `&` is an argument without name and value, one after the last `&` is
    /// none. Returns false where there are more than `limits` allows.
    mutating func addArguments(_ variable: Variable, in range: Range<Int>, limits: InspectionLimits) -> Bool {
        var start = range.lowerBound
        while start < range.upperBound {
            guard measures.arguments < limits.arguments else {
                setNumber(.argsCombinedSize, to: measures.argumentBytes)
                return false
            }
            let argument = scanArgument(from: start, to: range.upperBound)
            let equals = argument.equals ?? argument.end
            let valueStart = min(equals &+ 1, argument.end)
            let name = argument.nameIsPlain ? start..<equals : appendDecoded(start..<equals, plusIsSpace: true)
            let value =
                argument.valueIsPlain
                ? valueStart..<argument.end : appendDecoded(valueStart..<argument.end, plusIsSpace: true)
            addArgument(variable, name: name, value: value)
            start = argument.end &+ 1
        }
        setNumber(.argsCombinedSize, to: measures.argumentBytes)
        return true
    }

    /// Adds one argument as ARGS, and as `variable` where that is ARGS_GET or ARGS_POST, with their names.
    mutating func addArgument(_ variable: Variable, name: Range<Int>, value: Range<Int>) {
        add(.args, name: name, value: value)
        add(.argsNames, name: name, value: name)
        switch variable {
        case .argsGet:
            add(.argsGet, name: name, value: value)
            add(.argsGetNames, name: name, value: name)
        case .argsPost:
            add(.argsPost, name: name, value: value)
            add(.argsPostNames, name: name, value: name)
        default: break
        }
        measures.arguments &+= 1
        measures.argumentBytes &+= name.count &+ value.count
    }

    /// Where one pair ends, where its name does, and whether the two can be used as they are.
    private struct ArgumentScan {
        var end: Int
        var equals: Int?
        var nameIsPlain = true
        var valueIsPlain = true
    }

    private func scanArgument(from start: Int, to end: Int) -> ArgumentScan {
        var scan = ArgumentScan(end: end)
        let span = bytes.span
        for index in start..<min(end, span.count) {
            switch span[index] {
            case 0x26:
                scan.end = index
                return scan
            case 0x3D:
                if scan.equals == nil { scan.equals = index }
            case 0x25, 0x2B:
                if scan.equals == nil { scan.nameIsPlain = false } else { scan.valueIsPlain = false }
            default: break
            }
        }
        return scan
    }
}
