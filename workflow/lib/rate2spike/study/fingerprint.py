def of_stage(stage, device):
    return stage


def of_user_task(files):
    return []


def of_files(files):
    return []
