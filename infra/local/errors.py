"""What can go wrong while the laptop cloud starts or runs, as one tree. These reach a person at a terminal, never a
caller of the API, so they are not part of sotto.domain.errors.

    StackError
    |-- AlreadyRunning      another starter holds the state folder
    |-- NotRunning          there is nothing to ask or to stop
    |-- DiskTooFull         too little room to start; starting anyway would lose what people upload
    |-- EnvironmentBroken   the emulator's virtual environment could not be made
    |-- PackagingFailed     a layer could not be built, or the template names a folder that is not there
    |-- DeploymentFailed    the emulator refused the template; names the resource and the reason
    `-- ChildDied           a process ended and was given up; carries its last lines
"""

from __future__ import annotations


class StackError(Exception):
    """Base. The message is written for the person who typed `sotto up`: what happened, and what to do."""


class AlreadyRunning(StackError):
    pass


class NotRunning(StackError):
    pass


class DiskTooFull(StackError):
    pass


class EnvironmentBroken(StackError):
    pass


class PackagingFailed(StackError):
    pass


class DeploymentFailed(StackError):
    pass


class ChildDied(StackError):
    pass
